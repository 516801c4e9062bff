// What page and host say to each other through the relay: the `data` of an envelope.
import { type ErrorCode, isErrorCode, LighthouseError } from "./error.ts";
import { asRecord, asString } from "./parse.ts";

/**
 * A signal, one of
 * - `offer`, page → host, and `answer`, host → page: a session description as WebRTC's
 *   RTCSessionDescriptionInit and simple-peer have it, with all candidates in it (no trickle);
 * - `refused`, host → page: why there is no answer;
 * - `probe`, host → itself through the relay: proves that LAPTOP_ID is its own;
 * - `replaced`, host → the host that was registered before it.
 */
export type Signal =
  | { type: "offer" | "answer"; sdp: string }
  | { type: "refused"; code: ErrorCode; message: string }
  | { type: "probe"; nonce: string }
  | { type: "replaced" };

/** Longest session description accepted, in characters. Browsers' are 0.5 to 3 KB. */
export const MAX_SDP = 12 * 1024;

/**
 * Reads a signal. The SDP's own grammar is not looked at here: the host does that before it acts.
 *
 * @throws {LighthouseError} `bad-message` with the path of what was wrong.
 */
export function parseSignal(data: unknown): Signal {
  try {
    const signal = asRecord(data, "data");
    switch (signal.type) {
      case "offer":
      case "answer":
        return { type: signal.type, sdp: asString(signal.sdp, "data.sdp", MAX_SDP) };
      case "refused": {
        const code = isErrorCode(signal.code) ? signal.code : "host-busy";
        return {
          type: "refused",
          code,
          message: asString(signal.message, "data.message", 1024),
        };
      }
      case "probe":
        return { type: "probe", nonce: asString(signal.nonce, "data.nonce", 64) };
      case "replaced":
        return { type: "replaced" };
      default:
        throw new TypeError(
          "Cannot parse data.type: expected offer, answer, refused, probe or replaced",
        );
    }
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}
