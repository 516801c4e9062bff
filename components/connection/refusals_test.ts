import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { errorCodes, fingerprintOf, importTagKey, toBase64url } from "../../wire/mod.ts";
import { isFinal } from "./connection_state.ts";
import { plainRefusal, refusedByRelay, relayError, sealedRefusal } from "./refusals.ts";

const test = suite("refusals");

const hostKey = new Uint8Array(65).fill(4);
const own = await fingerprintOf(hostKey);
const other = await fingerprintOf(new Uint8Array(65).fill(5));
const secret = new Uint8Array(16);
const pairing = { hostKey, sender: { kind: "pairing", secret } as const };
const stranger = { hostKey, sender: { kind: "stranger" } as const };

test("each refusal that the host seals has a sentence of its own", () => {
  const codes = [
    "device-revoked",
    "pairing-used",
    "pairing-expired",
    "wrong-origin",
    "clock-skew",
  ] as const;
  const sentences = codes.map((code) => {
    const error = sealedRefusal({ code, message: "the host's words" });
    assert.is(error.code, code);
    return error.message;
  });
  assert.is(new Set(sentences).size, codes.length);
  assert.not(sentences.includes("the host's words"));
  assert.is(sealedRefusal({ code: "host-busy", message: "Too many" }).message, "Too many");
});

test("no refusal that anybody may have written ends the attempts, whatever it says", async () => {
  for (const code of errorCodes) {
    assert.not(isFinal(relayError({ code, message: "x" }).code), code);
    const error = await plainRefusal({ code, message: "x", hostKey: own }, stranger);
    assert.not(isFinal(error.code), code);
  }
});

test("another key than the one that is trusted is told loudly, whatever else is said", async () => {
  for (const code of ["not-paired", "host-busy"] as const) {
    for (const identity of [pairing, stranger]) {
      const error = await plainRefusal({ code, message: "x", hostKey: other }, identity);
      assert.is(error.code, "host-key-changed");
    }
  }
});

test("not-paired says what to do, in the page's own words", async () => {
  const refusal = { code: "not-paired", message: "Go to evil.example", hostKey: own } as const;
  const messages = await Promise.all([pairing, stranger].map(async (identity) => {
    const { code, message } = await plainRefusal(refusal, identity);
    assert.is(code, "not-paired");
    assert.match(message, /lighthouse-host pair/);
    assert.not.match(message, /evil/);
    return message;
  }));
  assert.is(new Set(messages).size, 2);
});

const paired = { kind: "paired", tagKey: await importTagKey(new Uint8Array(32)) } as const;
const END = 1_803_600_000_000;
const admission = toBase64url(Uint8Array.of(0x6b, 0x80, 0xc0, 0x80, ...new Uint8Array(12)));
for (
  const [what, identity, now, isFirst, code, words] of [
    ["a paired browser", { sender: paired, admission }, END - 1, true, undefined, /^$/],
    ["a browser after 90 days", { sender: paired, admission }, END, false, "not-paired", /90 days/],
    ["a browser that was paired before", { sender: paired }, END, true, undefined, /^$/],
    [
      "a stranger",
      stranger,
      END,
      true,
      "not-paired",
      /is not paired.*refuses pages from .*pairing link/,
    ],
    ["a stranger who was let in once", stranger, END, false, undefined, /^$/],
    ["a link", { ...pairing, admission }, END - 1, true, "relay-unreachable", /this pairing link/],
    ["a link that is over", { ...pairing, admission }, END, true, "not-paired", /has expired/],
    ["a link without a value", pairing, END, true, "relay-unreachable", /pairing link/],
  ] as const
) {
  test(`what ${what} is told where the relay does not open`, () => {
    const error = refusedByRelay(identity, now, isFirst);
    assert.is(error?.code, code);
    assert.match(error?.message ?? "", words);
  });
}

test.run();
