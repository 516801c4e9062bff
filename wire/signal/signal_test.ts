import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import { thrownBy } from "../testing/failure.ts";
import { parseSignal } from "./signal.ts";

const test = suite("signal");

const bytes = (length: number) => toBase64url(new Uint8Array(length).fill(7));
const OFFER = {
  type: "sealed-offer",
  v: 1,
  time: 1_795_651_200_000,
  nonce: bytes(16),
  enc: bytes(65),
  ct: bytes(700),
};

for (
  const signal of [
    OFFER,
    { ...OFFER, tag: bytes(16) },
    { ...OFFER, device: bytes(65) },
    { ...OFFER, time: 0, tag: bytes(16), device: bytes(65) },
    { type: "sealed-answer", v: 1, ct: bytes(700) },
    { type: "refused", code: "not-paired", message: "Not known" },
    { type: "refused", code: "not-paired", message: "Not known", hostKey: bytes(32) },
    { type: "probe", nonce: "x".repeat(64) },
    { type: "replaced" },
  ]
) {
  test(`parseSignal() reads ${JSON.stringify(signal).slice(0, 60)}`, () => {
    assert.equal(parseSignal({ ...signal, extra: 1 }), signal);
  });
}

test("parseSignal() reads an unknown reason of a refusal as host-busy", () => {
  const signal = parseSignal({ type: "refused", code: "of-tomorrow", message: "Later" });
  assert.equal(signal, { type: "refused", code: "host-busy", message: "Later" });
});

for (
  const [data, path] of [
    [undefined, "data: expected an object, got nothing"],
    [null, "data: expected an object, got null"],
    ["probe", "data: expected an object, got a string"],
    [[OFFER], "data: expected an object, got an array"],
    [{}, "data.type"],
    [{ type: "toString" }, "data.type"],
    [{ type: ["sealed-offer"] }, "data.type"],
    [{ type: "offer", sdp: "v=0" }, "data.type"],
    [{ ...OFFER, v: undefined }, "data.v: expected 1; update the older side"],
    [{ ...OFFER, v: 2 }, "data.v"],
    [{ ...OFFER, v: "1" }, "data.v"],
    [{ ...OFFER, time: undefined }, "data.time: expected milliseconds since 1970"],
    [{ ...OFFER, time: -1 }, "data.time"],
    [{ ...OFFER, time: 1.5 }, "data.time"],
    [{ ...OFFER, time: 2 ** 53 }, "data.time"],
    [{ ...OFFER, time: "1" }, "data.time"],
    [{ ...OFFER, nonce: undefined }, "data.nonce: expected a string, got nothing"],
    [{ ...OFFER, nonce: bytes(15) }, "data.nonce: expected 16 bytes in base64url"],
    [{ ...OFFER, enc: bytes(66) }, "data.enc: expected 65 bytes in base64url"],
    [{ ...OFFER, ct: "" }, "data.ct: expected 1 to 8192 characters, got 0"],
    [{ ...OFFER, ct: bytes(6200) }, "data.ct: expected 1 to 8192"],
    [{ ...OFFER, ct: "a b" }, "data.ct: expected base64url"],
    [{ ...OFFER, tag: null }, "data.tag: expected a string, got null"],
    [{ ...OFFER, tag: bytes(17) }, "data.tag"],
    [{ ...OFFER, device: bytes(64) }, "data.device: expected 65 bytes"],
    [{ type: "sealed-answer", v: 1, ct: { v: 0 } }, "data.ct: expected a string, got an object"],
    [{ type: "refused", code: "not-paired", message: "a", hostKey: "AA" }, "data.hostKey"],
    [{ type: "refused", code: "host-busy" }, "data.message"],
    [{ type: "refused", code: "host-busy", message: "x".repeat(1025) }, "data.message"],
    [{ type: "probe", nonce: 7 }, "data.nonce: expected a string, got a number"],
    [{ type: "probe", nonce: "x".repeat(65) }, "data.nonce"],
  ] as const
) {
  test(`parseSignal() refuses ${JSON.stringify(data)?.slice(0, 60)}`, () => {
    const error = thrownBy(() => parseSignal(data));
    assert.is(error.code, "bad-message");
    assert.match(error.message, `Cannot parse ${path}`);
  });
}

test.run();
