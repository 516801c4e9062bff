import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { MAX_SDP, parseSignal } from "./signal.ts";
import { thrownBy } from "./testing/failure.ts";

const test = suite("signal");

for (
  const signal of [
    { type: "offer", sdp: "v=0\r\n" },
    { type: "answer", sdp: "v=0\r\n" },
    { type: "offer", sdp: "x".repeat(MAX_SDP) },
    { type: "refused", code: "bad-offer", message: "Cannot take the offer" },
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
    ["offer", "data: expected an object, got a string"],
    [[{ type: "offer" }], "data: expected an object, got an array"],
    [{}, "data.type"],
    [{ type: "toString" }, "data.type"],
    [{ type: ["offer"], sdp: "v=0" }, "data.type"],
    [{ type: "offer" }, "data.sdp: expected a string, got nothing"],
    [{ type: "answer", sdp: { v: 0 } }, "data.sdp: expected a string, got an object"],
    [{ type: "offer", sdp: "" }, "data.sdp: expected 1 to 12288 characters, got 0"],
    [{ type: "answer", sdp: "x".repeat(MAX_SDP + 1) }, "data.sdp: expected 1 to 12288"],
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
