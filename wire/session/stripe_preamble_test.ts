import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { thrownBy } from "../testing/failure.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import {
  decodePreamble,
  encodePreamble,
  MAX_STRIPES,
  newChannelName,
  PREAMBLE_BYTES,
} from "./stripe_preamble.ts";

const test = suite("stripe preamble");

const { preambles } = readVectors<{
  preambles: {
    good: { name: string; hex: string; ticket: string; channel: string; count: number }[];
    bad: { name: string; hex: string }[];
  };
}>("quic.json");

for (const { name, hex, ticket, channel, count } of preambles.good) {
  test(`a preamble is written and read: ${name}`, () => {
    const bytes = fromHex(hex);
    assert.is(bytes.length, PREAMBLE_BYTES);
    const read = decodePreamble(bytes);
    assert.equal([toHex(read.ticket), toHex(read.channel), read.count], [ticket, channel, count]);
    const parts = { ticket: fromHex(ticket), channel: fromHex(channel), count };
    assert.is(toHex(encodePreamble(parts)), toHex(bytes));
  });
}

for (const { name, hex } of preambles.bad) {
  test(`a preamble is refused: ${name}`, () => {
    const error = thrownBy(() => decodePreamble(fromHex(hex)));
    assert.is(error.code, "bad-frame");
    assert.match(error.message, `1 to ${MAX_STRIPES} streams`);
  });
}

test("each channel has a name of its own, 16 bytes", () => {
  const [one, other] = [newChannelName(), newChannelName()];
  assert.is(one.length, 16);
  assert.is.not(toHex(one), toHex(other));
});

test.run();
