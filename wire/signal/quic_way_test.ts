import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import { thrownBy } from "../testing/failure.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { toHex } from "../testing/vectors.ts";
import { parseQuicWay } from "./quic_way.ts";

const test = suite("quic way");

const bytes = (length: number) => toBase64url(new Uint8Array(length).fill(7));
const GOOD = { addresses: ["192.0.2.1:4433"], hash: bytes(32), ticket: bytes(32) };

const { answer } = readVectors<{ answer: Record<"quic" | "read", Record<string, unknown>> }>(
  "quic.json",
);

test("the member `quic` of an answer is read", () => {
  const { addresses, hash, ticket } = parseQuicWay(answer.quic, "answer.quic");
  assert.equal({ addresses, hash: toHex(hash), ticket: toHex(ticket) }, answer.read);
});

for (
  const address of [
    "192.0.2.1:1",
    "10.0.0.1:65535",
    "[2001:db8::1]:443",
    "[2001:DB8:0:0:0:0:0:1]:61000",
    "[::ffff:192.0.2.1]:4433",
  ]
) {
  test(`an address is kept: ${address}`, () => {
    const { addresses } = parseQuicWay({ ...GOOD, addresses: [address], extra: 1 }, "quic");
    assert.equal(addresses, [address]);
  });
}

for (
  const address of [
    "",
    "host.example:4433",
    "localhost:4433",
    "192.0.2.1",
    "192.0.2.1:",
    "192.0.2.1:0",
    "192.0.2.1:65536",
    "192.0.2.1:70000",
    "192.0.2.1:443a",
    "192.0.2.256:4433",
    "192.0.2:4433",
    "3221225985:4433",
    "2001:db8::1:4433",
    "[2001:db8::1]",
    "[2001:db8::g]:4433",
    "[fe80::1%25eth0]:4433",
    "[1::2::3]:4433",
    "a@192.0.2.1:4433",
    "192.0.2.1:4433/path",
    "https://192.0.2.1:4433",
    " 192.0.2.1:4433",
    "192.0.2.1:4433\n",
    "of-tomorrow;192.0.2.1",
    "x".repeat(300),
    7,
    null,
    { host: "192.0.2.1" },
  ]
) {
  test(`an address is left out: ${JSON.stringify(address).slice(0, 40)}`, () => {
    const addresses = [address, "192.0.2.9:4433"];
    assert.equal(parseQuicWay({ ...GOOD, addresses }, "quic").addresses, ["192.0.2.9:4433"]);
  });
}

test("of many addresses, the first eight count that this version reads", () => {
  const addresses = Array.from({ length: 100 }, (_, at) => `192.0.2.${at}:4433`);
  const read = parseQuicWay({ ...GOOD, addresses: [...Array(20).fill("?"), ...addresses] }, "quic");
  assert.equal(read.addresses, addresses.slice(0, 8));
});

test("there may be no address that this version reads", () => {
  assert.equal(parseQuicWay({ ...GOOD, addresses: [] }, "quic").addresses, []);
});

for (
  const [value, path] of [
    [undefined, "quic: expected an object, got nothing"],
    [null, "quic: expected an object"],
    ["192.0.2.1:4433", "quic: expected an object"],
    [{ ...GOOD, addresses: undefined }, "quic.addresses: expected a list"],
    [{ ...GOOD, addresses: "192.0.2.1:4433" }, "quic.addresses: expected a list"],
    [{ ...GOOD, addresses: { 0: "192.0.2.1:4433", length: 1 } }, "quic.addresses"],
    [{ ...GOOD, hash: undefined }, "quic.hash: expected a string, got nothing"],
    [{ ...GOOD, hash: bytes(31) }, "quic.hash: expected 32 bytes in base64url"],
    [{ ...GOOD, hash: bytes(33) }, "quic.hash"],
    [{ ...GOOD, hash: `${bytes(32).slice(1)}=` }, "quic.hash"],
    [{ ...GOOD, ticket: bytes(16) }, "quic.ticket: expected 32 bytes in base64url"],
    [{ ...GOOD, ticket: bytes(33) }, "quic.ticket"],
    [{ ...GOOD, ticket: 7 }, "quic.ticket: expected a string, got a number"],
  ] as const
) {
  test(`it is malformed: ${path}, of ${JSON.stringify(value)?.slice(0, 60)}`, () => {
    const error = thrownBy(() => parseQuicWay(value, "quic"));
    assert.instance(error, TypeError);
    assert.match(error.message, `Cannot parse ${path}`);
  });
}

test.run();
