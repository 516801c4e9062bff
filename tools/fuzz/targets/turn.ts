// What a TURN server sends to the host, and what peers send through it.
import * as assert from "uvu/assert";
import { formatRequest, parseTurnAnswer } from "../../../host/doctor/turn_message.ts";
import { frame, Unframer } from "../../../host/ice/framing.ts";
import { mendTieBreaker } from "../../../host/ice/tie_breaker.ts";
import type { Draw } from "../draw.ts";
import type { Target } from "../target.ts";

/** A Data indication with a check in it, as Chromium sends it, without a right signature. */
const CHECK = "00010054 2112a442 000102030405060708090a0b 00060009 774d534d3a4162636431 00000000 " +
  "802a0008 0000000000000000 00240004 01010101 00080014 0000000000000000000000000000000000000000 " +
  "80280004 00000000";
const INDICATION = "00170074 2112a442 0b0a09080706050403020100 00120008 00017a12e1baa543 0013006c";

/** Messages as a server sends them, or nearly so. */
function messageOf(draw: Draw): Buffer {
  const hex = draw.pick([CHECK, INDICATION + CHECK, `40000070${CHECK}`]).replaceAll(" ", "");
  return Buffer.from(draw.mutateBytes(new Uint8Array(Buffer.from(hex, "hex"))));
}

export const turn: Target = {
  name: "turn",
  invariant: "A TURN server's stream is cut the same way in any parts, or refused as a whole.",
  start: () => (draw) => {
    const messages = draw.list(6, () => messageOf(draw));
    const stream = Buffer.concat(messages);
    const cut = (size: number): string[] | "refused" => {
      const unframer = new Unframer();
      const found: string[] = [];
      try {
        for (let at = 0; at < stream.length; at += size) {
          for (const message of unframer.push(stream.subarray(at, at + size))) {
            found.push(message.toString("hex"));
          }
        }
      } catch (error) {
        if (error instanceof TypeError) return "refused";
        throw error;
      }
      return found;
    };
    const whole = cut(Math.max(1, stream.length));
    assert.equal(cut(1 + draw.below(50)), whole);
    const request = formatRequest(3);
    for (const message of messages) {
      frame(message);
      parseTurnAnswer(Buffer.concat([message.subarray(0, 4), request.subarray(4)]), request);
      mendTieBreaker(message, (ufrag) => ufrag === "wMSM" ? "4Tsq4MYkRLz6OMDPZCbSmx" : undefined);
    }
  },
};
