import { encodeMessage, type Frame } from "../../../wire/session/frame.ts";
import type { Attack } from "../attack.ts";
import { flood } from "../flood.ts";

const GAPS = 1_000;
const BYTE = new Uint8Array(1);

/** Each frame makes the host look for its place among the gaps before it. */
export const gaps: Attack = {
  name: "gaps",
  what: "64 KiB messages that repeat a 1-byte frame behind 1,000 gaps",
  async run(guest) {
    const message = encodeMessage(frames(9_000, () => 2 * GAPS));
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw();
      carrier.send(frames(GAPS, (at) => 2 * at + 2));
      await flood(guest, carrier, () => message);
    });
  },
};

function frames(count: number, offsetOf: (at: number) => number): Frame[] {
  return Array.from({ length: count }, (_, at) => {
    return { type: "data", stream: 1, offset: offsetOf(at), bytes: BYTE, end: false };
  });
}
