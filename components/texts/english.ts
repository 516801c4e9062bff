// What the element says, in English. The connection takes the sentences that only one situation needs
// from here, too: by its English sentence a reason finds its text in another language.

/**
 * The element's texts in English, by their names. Text between backticks is code; names in braces stand for
 * what differs.
 */
export const ENGLISH = {
  // The state's name.
  "idle": "Not connected",
  "signalling": "Connecting",
  "connecting": "Connecting",
  "connected": "Connected",
  "relayed": "Connected through the relay, slowly",
  "offline": "Offline",
  "failed": "No connection",
  "unpaired": "Not paired",
  "removed": "Not paired any more",
  "other-host": "Another host",

  // Beside it.
  "as": "as {device}",
  "looking": "Looking for the host …",
  "lost": "The connection was lost. Looking for the host …",
  "answered": "The host has answered …",
  "through": "through another tab",
  "relayed-why":
    "No direct connection comes about from this network. The page goes on trying; another network, or a TURN server at the host, makes it fast.",

  // The buttons.
  "retry": "Try again",
  "pair": "Pair this browser",
  "accept": "Use the new host",
  "keep": "Stay with the old host",

  // Pairing.
  "link": "Pairing link",
  "use-link": "Pair",
  "cancel": "Cancel",
  "not-a-link": "This is no pairing link: one has “#lighthouse=” in it",
  "scan": "Scan the code",
  "scan-stop": "Stop the camera",
  "scan-view": "What the camera sees",
  "scan-starting": "Starting the camera …",
  "scan-hold": "Hold the code on your laptop in front of the camera.",
  "scan-wrong": "This code is no pairing link: scan the one that `lighthouse-host pair` shows.",
  "scan-forbidden":
    "This page may not use the camera. Allow it in the browser's settings, or paste the link.",
  "scan-missing": "There is no camera. Paste the link, or open it in this browser.",
  "scan-failed":
    "The camera does not start: does another program use it? Paste the link, or try again.",

  // Failures, by the error's code; `failure` for the codes without a text of their own.
  "failure": "No connection came about ({code})",
  "host-offline": "The host is offline. This page connects as soon as it is back.",
  "not-paired": "Open the pairing link that `lighthouse-host pair` prints on the laptop",
  "device-revoked":
    "The host has removed this browser from its devices. Open the pairing link that `lighthouse-host pair` prints on the laptop, to add it again",
  "pairing-used":
    "This pairing link has let another device in already, and works once. Run `lighthouse-host pair` on the laptop for another",
  "pairing-expired":
    "This pairing link has expired. Run `lighthouse-host pair` on the laptop for another",
  "bad-link":
    "The pairing link has been cut off or changed, or it is of another version. Copy all of it, or run `lighthouse-host pair` on the laptop for another",
  "wrong-origin": "{message}",
  "clock-skew": "This device's clock and the host's differ too much. Set them right",
  "host-key-changed":
    "The host that answers has another key than the one that this page trusts, so nothing is sent to it. If you have set your host up anew, pair again; if not, somebody stands in its place",
  "host-busy": "The host has all the connections that it takes",
  "relay-budget":
    "No direct connection comes about in this network, and the host's budget for connections through the relay is spent for today (`relay-budget`)",
  "bad-seal":
    "The relay brought an answer that is not from the host, so there is no connection. Somebody may be tampering with the relay",
  "relay-failed": "The relay does not work at the moment",
  "relay-unreachable": "The relay cannot be reached, or refuses pages from {origin}",
  "no-answer": "The host did not answer in time",
  "connection-failed":
    "The host answered, but no direct connection came about: a firewall, or a NAT that STUN cannot cross",
  "unsupported": "{message}",
  "bad-config": "{message}",

  // Failures that say more than their code.
  "relay-off":
    "The host answered, but no direct connection came about, and the host does not connect through the relay: set `relay-budget` there, or try another network",
  "relay-missing":
    "The host answered, but no direct connection came about. A newer host connects through the relay then: update it, or try another network",
  "no-network": "This device has no network",
  "csp":
    "The relay cannot be reached: this page's Content-Security-Policy (connect-src) does not name it",
  "link-refused":
    "The relay cannot be reached, or refuses this pairing link since it has expired. Run `lighthouse-host pair` on the laptop for another",
  "link-of-other-host":
    "This pairing link is of another host than the one that this browser is paired with. Go on only if you have set your host up anew",
  "link-of-other-page":
    "This pairing link is of another host than the one that this page names (`host-key`)",
  "no-origin":
    "This page is not at the site that was paired: it is a file, or in a sandboxed frame",
  "insecure": "This page is not secure, so the browser gives it no cryptography: serve it by https",
  "no-webrtc": "This browser has no WebRTC, or it is switched off",
  "no-crypto": "This browser has no WebCrypto, or it is switched off",
  // The numbers are those of docs/browsers.md.
  "too-old":
    "This browser is too old: Lighthouse needs Chrome 119, Firefox 124 or Safari 17.4. Update it, or use another one",
  "no-storage":
    "This browser keeps nothing for this site, so it cannot be paired: the window is private, or storage is switched off or full",
  "no-worker": "There are no service workers in this window: is it private, or not secure?",
};

/** The name of a text. */
export type TextName = keyof typeof ENGLISH;

/** All texts of the element, by their names. */
export type Texts = Record<TextName, string>;
