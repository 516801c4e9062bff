import * as assert from "uvu/assert";
import { MemoryPeer } from "../testing/memory_peer.ts";
import { suite } from "../../tools/testing/suite.ts";
import { Ways } from "./ways.ts";

const test = suite("Ways");

test("of several, the oldest counts that is open", () => {
  const ways = new Ways();
  assert.is(ways.current, undefined);
  const [first, lane, other] = [new MemoryPeer(), new MemoryPeer(), new MemoryPeer()];
  ways.replace(first);
  ways.add(lane);
  ways.add(other);
  assert.is(ways.current, first);
  first.close();
  assert.is(ways.current, lane);
  lane.close();
  assert.is(ways.current, other);
  other.close();
  assert.is(ways.current, other);
});

test("what an attempt opens takes the place of all", () => {
  const ways = new Ways();
  const [first, lane, next] = [new MemoryPeer(), new MemoryPeer(), new MemoryPeer()];
  ways.replace(first);
  ways.add(lane);
  ways.replace(next);
  next.close();
  assert.is(ways.current, next);
  ways.clear();
  assert.is(ways.current, undefined);
});

test("one that leads counts while it is open, and then those that stood by", () => {
  const ways = new Ways();
  const [first, lane, quic] = [new MemoryPeer(), new MemoryPeer(), new MemoryPeer()];
  ways.replace(first);
  ways.lead(quic);
  assert.is(ways.current, quic);
  ways.add(lane);
  assert.is(ways.current, quic);
  quic.close();
  assert.is(ways.current, first);
  const next = new MemoryPeer();
  first.close();
  ways.lead(next);
  assert.is(ways.current, next);
  next.close();
  assert.is(ways.current, lane);
});

test.run();
