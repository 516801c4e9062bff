// The causes and cures of diagnose.ts in English, for both ends.

/** What decides which way a connection takes, by its code. */
export const CAUSES = {
  "direct": "Page and host reach each other directly",
  "untried": "Nothing is known to stand in the way of a direct connection",
  "no-webrtc": "This browser has no WebRTC, or it is switched off",
  "hidden-addresses": "A setting or an extension of this browser keeps WebRTC from any address",
  "local-network": "The browser may not reach devices on the local network",
  "page-no-udp": "The page's network lets no UDP through",
  "host-no-udp": "The host's network lets no UDP through",
  "both-no-udp": "Neither the page's network nor the host's lets UDP through",
  "page-no-stun": "The page has no STUN server, so it does not know its outer address",
  "host-no-stun": "The host has no STUN server, so it does not know its outer address",
  "both-no-stun": "Page and host have no STUN server, so they connect only on the same network",
  "page-symmetric": "The page's router gives each destination another port (a symmetric NAT)",
  "host-symmetric": "The host's router gives each destination another port (a symmetric NAT)",
  "both-symmetric":
    "The routers of both, page and host, give each destination another port (symmetric NATs)",
  "no-common-ip": "One end has only IPv6, and the other only IPv4",
  "unknown": "A firewall, or a NAT that STUN cannot cross, lets no direct connection through",
} as const;

/** What helps, by its code. */
export const CURES = {
  "enable-webrtc": "Switch WebRTC on in the browser's settings, or use another browser",
  "allow-addresses": "Allow WebRTC in the settings of the browser, its VPN or its extensions",
  "allow-local-network": "Allow it in the browser's settings for this site",
  "page-udp": "Allow UDP in the firewall or the VPN of the page's network, or use another network",
  "host-udp": "Allow UDP in the firewall of the host's network",
  "pause-vpn": "Let the host's VPN leave out this traffic, or switch it off",
  "set-stun": "Name a STUN server there (`stun`)",
  "allow-port": "Let the host ask its router for a port (`port-mapping`)",
  "router-port": "Switch on UPnP or PCP in the host's router, so that the host gets a port",
  "public-address":
    "The host's router has no public address, so the port that it gives is of no use: ask the provider for one, or for IPv6",
  "add-turn": "Set up a TURN server at the host (`ice-servers`)",
  "add-turns": "Set up a TURN server with TLS on port 443 at the host (`ice-servers`)",
  "turn-unreachable": "The TURN server does not answer: check its address and its firewall",
  "turn-refused": "The TURN server refuses the host's credentials: correct them (`ice-servers`)",
  "allow-relay": "Let sessions go through the relay (`relay-budget`)",
  "relay-spent":
    "Today's budget for sessions through the relay is spent: raise `relay-budget`, or wait until tomorrow",
} as const;

/** The code of a cause. */
export type Cause = keyof typeof CAUSES;

/** The code of a cure. */
export type Cure = keyof typeof CURES;
