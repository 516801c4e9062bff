// The bytes of a stream, in pieces that overlap, repeat and come in any order, beside a naive model.
import * as assert from "uvu/assert";
import { ReceiveStream } from "../../../wire/session/receive_stream.ts";
import { orRefused, type Target } from "../target.ts";

const WINDOW = 400;

/** The byte at an offset of every stream. */
const byteAt = (offset: number) => (offset * 31 + (offset >> 8)) & 0xff;

export const receiveStream: Target = {
  name: "receive-stream",
  invariant: "Pieces in any order give the bytes that a list of all offsets would, or bad-frame.",
  start: () => (draw) => {
    const stream = new ReceiveStream(WINDOW);
    const here = new Set<number>();
    const read: number[] = [];
    let final: number | undefined;
    let isBroken = false;
    for (let left = draw.below(60); left > 0 && !isBroken; left--) {
      const start = draw.below(read.length + WINDOW + 20);
      const bytes = Uint8Array.from({ length: draw.below(60) }, (_, at) => byteAt(start + at));
      const stop = start + bytes.length;
      const end = draw.chance(0.03);
      const isTooMuch = stop > stream.limit;
      const taken = orRefused(() => (stream.receive(start, bytes, end), true), "bad-frame");
      isBroken = !taken;
      if (isBroken) {
        const contradicts = final !== undefined && (stop > final || end);
        assert.ok(isTooMuch || contradicts || end, `refuses ${start} to ${stop}`);
        break;
      }
      assert.not.ok(isTooMuch, `takes ${start} to ${stop} above its limit`);
      if (end) final = stop;
      for (let at = start; at < stop; at++) here.add(at);
      let received = 0;
      while (here.has(received)) received++;
      assert.is(stream.received, received);
      while (draw.chance(0.3)) {
        const chunk = draw.chance(0.5) ? stream.read() : stream.readExactly(1 + draw.below(9));
        if (!chunk) break;
        read.push(...chunk);
      }
      if (draw.chance(0.3)) stream.giveCredit();
      assert.ok(stream.limit <= read.length + WINDOW, "its limit is above its window");
      assert.is(stream.over, read.length === final, "it is over when all is read");
    }
    for (let chunk = stream.read(); chunk && !isBroken; chunk = stream.read()) read.push(...chunk);
    assert.equal(read, read.map((_, at) => byteAt(at)));
    if (!isBroken) assert.is(read.length, stream.received);
  },
};
