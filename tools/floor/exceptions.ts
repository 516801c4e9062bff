// Features that are newer than the floor, and used all the same.

/** Some features, and why no browser of the floor breaks without them. */
export interface Exception {
  /** Paths in browser-compat-data; `api.NavigateEvent` is its members too. */
  features: string[];
  reason: string;
  /** Where the code asks for the feature: a file, and a part of its text, which must stay there. */
  guard?: [file: string, code: string];
}

/** All of them. One that nothing uses is refused. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    features: ["api.BarcodeDetector"],
    reason: "code_detector.js reads QR codes where the browser does not",
    guard: ["components/pairing/camera.ts", "Native?.getSupportedFormats()"],
  },
  {
    features: [
      "api.RTCPeerConnection.icecandidateerror_event",
      "api.RTCPeerConnectionIceErrorEvent",
    ],
    reason: "where no errors are told, a page knows less of its network and says less",
    guard: ["components/connection/network_probe.ts", '"onicecandidateerror" in connection'],
  },
  {
    features: ["api.NavigateEvent"],
    reason: "links, forms and history are led by their own events too",
    guard: ["components/inject/navigation.ts", "if (!navigation || !NavigateEvent) return;"],
  },
  {
    features: ["api.Request.keepalive"],
    reason: "a browser that does not know it does not do it either",
    guard: ["components/inject/requests.ts", "input.keepalive"],
  },
  {
    features: ["api.IDBFactory.databases"],
    reason: "the site's own database has a known name",
    guard: ["host/site/files/reset/reset.js", "databases?.()"],
  },
  {
    features: ["api.TrustedTypePolicyFactory"],
    reason: "Lit uses it where there are trusted types",
    guard: ["node_modules/lit-html/development/lit-html.js", "const policy = trustedTypes\n"],
  },
  {
    features: ["api.Scheduler", "api.scheduler"],
    reason: "qr has timers in its place",
    guard: ["node_modules/qr/decode.js", "typeof host.scheduler?.yield === 'function'"],
  },
  {
    features: ["css.properties.text-wrap.balance"],
    reason: "lines break at their ends, as ever",
  },
  {
    features: ["css.properties.forced-color-adjust"],
    reason: "Safari has no forced colours",
  },
  {
    features: ["html.global_attributes.autocapitalize", "html.elements.video.playsinline"],
    reason: "they are for keyboards and players on phones",
  },
  {
    features: ["api.WebTransport"],
    guard: ["components/connection/quic_way.ts", 'typeof WebTransport === "undefined"'],
    reason: "pages come by WebRTC where the browser has no WebTransport",
  },
];
