import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { CHROMIUM_OFFER } from "../testing/offers.ts";
import { guessAddresses, KnownWays, putLikelyFirst } from "./known_ways.ts";
import { type Candidate, type Offer, parseOffer } from "./sdp.ts";

const test = suite("known ways");

const HIDDEN: Candidate = {
  foundation: "1",
  priority: 2113937151,
  address: "4f2c6f3e-1111-4222-8333-444455556666.local",
  port: 50000,
  type: "host",
};
const HIDDEN_V6: Candidate = { ...HIDDEN, foundation: "2", priority: 2113942271, port: 50001 };
const NAMED: Candidate = { ...HIDDEN, foundation: "3", address: "192.0.2.7", port: 50002 };
const SHOWN: Candidate = {
  ...HIDDEN,
  foundation: "4",
  address: "198.51.100.1",
  port: 50003,
  type: "srflx",
};

function offer(...candidates: Candidate[]): Offer {
  return { ...parseOffer(CHROMIUM_OFFER), candidates };
}

/** The addresses with their ports, in the order of the checks. */
function targets({ candidates }: Offer): string[] {
  return candidates.map(({ address, port }) => `${address.replace(/^.*\.local$/, "?")} ${port}`);
}

/** The ends of a connection to a page's port. */
function ends(address: string, port: number, local = "10.0.0.2") {
  return { local: { address: local }, remote: { address, port } };
}

test("without a known way, an offer stays as it is", () => {
  const { candidates } = guessAddresses(offer(HIDDEN, NAMED), new KnownWays().likely("ann"));
  assert.equal(candidates, [NAMED, HIDDEN]);
});

test("a hidden address is guessed by the last way of its owner, behind the named ones", () => {
  const ways = new KnownWays();
  ways.note("ann", offer(HIDDEN, HIDDEN_V6), ends("192.0.2.9", 50000));
  const next = offer({ ...HIDDEN, port: 51000 }, { ...HIDDEN_V6, port: 51001 }, NAMED);
  assert.equal(
    targets(guessAddresses(next, ways.likely("ann"))),
    ["192.0.2.7 50002", "192.0.2.9 51000", "? 51000", "? 51001"],
  );
});

test("the candidate of the same network is taken: that of the same priority", () => {
  const ways = new KnownWays();
  ways.note("ann", offer(HIDDEN, HIDDEN_V6), ends("2001:db8::9", 50001));
  assert.equal(
    targets(guessAddresses(offer(HIDDEN, HIDDEN_V6), ways.likely("ann"))),
    ["2001:db8::9 50001", "? 50000", "? 50001"],
  );
});

test("nothing is guessed where a router has changed the port, or the address is named", () => {
  const ways = new KnownWays();
  ways.note("ann", offer(HIDDEN), ends("203.0.113.5", 61234));
  assert.equal(targets(guessAddresses(offer(HIDDEN), ways.likely("ann"))), ["? 50000"]);
  ways.note("ann", offer(NAMED), ends(NAMED.address, NAMED.port));
  assert.equal(targets(guessAddresses(offer(NAMED), ways.likely("ann"))), ["192.0.2.7 50002"]);
});

test("the own way comes first, then the newest of others, two guesses at most", () => {
  const ways = new KnownWays();
  for (const [owner, address] of [["ann", "a"], ["bob", "b"], ["cleo", "c"]] as const) {
    ways.note(owner, offer(HIDDEN), ends(address, HIDDEN.port));
  }
  const guessed = (owner: string) => targets(guessAddresses(offer(HIDDEN), ways.likely(owner)));
  assert.equal(guessed("ann"), ["a 50000", "c 50000", "? 50000"]);
  assert.equal(guessed("dan"), ["c 50000", "b 50000", "? 50000"]);
});

test("the ways of 64 owners are kept, the newest", () => {
  const ways = new KnownWays();
  for (let i = 0; i < 70; i++) ways.note(`${i}`, offer(HIDDEN), ends("192.0.2.9", 1, `${i}`));
  const kept = ways.likely("nobody").map(({ local }) => Number(local));
  assert.is(kept.length, 64);
  assert.is(kept[0], 69);
  assert.is(kept.at(-1), 6);
});

const ANSWER = [
  "v=0",
  "a=ice-ufrag:abcd",
  "a=candidate:3 1 UDP 2116025855 fd00::2 49171 typ host",
  "a=candidate:1 1 UDP 2114977791 10.0.0.2 49171 typ host",
  "a=candidate:4 1 UDP 1679819007 203.0.113.9 49171 typ srflx raddr 0.0.0.0 rport 0",
  "a=end-of-candidates",
  "",
].join("\r\n");

/** The candidates' addresses, by priority. */
function byPriority(answer: string): string[] {
  return answer.split("\r\n").filter((line) => line.startsWith("a=candidate:"))
    .map((line) => line.split(" "))
    .sort((a, b) => Number(b[3]) - Number(a[3]))
    .map(({ 4: address }) => address!);
}

test("the last way's address is the first that a page checks", () => {
  const ways = new KnownWays();
  ways.note("ann", offer(HIDDEN), ends("192.0.2.9", 1));
  const answer = putLikelyFirst(ANSWER, offer(HIDDEN), ways.likely("ann"));
  const lines = answer.split("\r\n");
  assert.is(lines[2], "a=candidate:1 1 UDP 2147483647 10.0.0.2 49171 typ host");
  assert.equal(byPriority(answer), ["10.0.0.2", "fd00::2", "203.0.113.9"]);
  assert.equal(lines.toSorted().map((line) => line.split(" ")[4]).length, 7, "all lines stay");
});

test("a page behind another router first checks the address that a STUN server has shown", () => {
  const answer = putLikelyFirst(ANSWER, offer(HIDDEN, SHOWN), []);
  assert.equal(byPriority(answer), ["203.0.113.9", "fd00::2", "10.0.0.2"]);
});

test("behind the same router, or without a known way, the answer stays as it is", () => {
  const sameRouter = offer(HIDDEN, { ...SHOWN, address: "203.0.113.9" });
  assert.is(putLikelyFirst(ANSWER, sameRouter, []), ANSWER);
  assert.is(putLikelyFirst(ANSWER, offer(HIDDEN), []), ANSWER);
  const elsewhere = new KnownWays();
  elsewhere.note("ann", offer(HIDDEN), ends("192.0.2.9", 1, "172.17.0.1"));
  assert.is(putLikelyFirst(ANSWER, offer(HIDDEN), elsewhere.likely("ann")), ANSWER);
});

test.run();
