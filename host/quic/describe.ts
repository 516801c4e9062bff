// How the QUIC server stands, for people.

/** Whether pages come by WebTransport. */
export type QuicState =
  | { state: "off" | "starting" }
  /** @property addresses Where they reach this machine, as in URLs; none if no address leads to it. */
  | { state: "on"; addresses: string[] }
  | { state: "none"; reason: string; cure: string };

/** The state in one line. */
export function describeQuic(quic: QuicState): string {
  switch (quic.state) {
    case "off":
      return "off: pages come by WebRTC (quic)";
    case "starting":
      return "starting";
    case "on":
      return quic.addresses.length > 0
        ? `UDP at ${quic.addresses.join(", ")}`
        : "no page reaches it: this machine has no address but its own loopback's";
    case "none":
      return `none: ${quic.reason}`;
  }
}
