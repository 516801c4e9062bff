import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import type { LighthouseError } from "../error.ts";
import { createSigner } from "../testing/host_signer.ts";
import { formatProof, parseProtocols } from "./admission.ts";
import { isSignedBy, parseHostEntry } from "./host_entry.ts";
import {
  isProvenHost,
  isRequestOf,
  MAX_SKEW_MS,
  parseRegistryAnswer,
  parseRequest,
  proveHost,
  signRequest,
  type Unsigned,
  type WriteRequest,
} from "./registration.ts";

const test = suite("registration by the relay");

const NOW = 1_795_686_980_000;
const SENDER = "L0SM9cOFvHcCIhw=";

const signer = await createSigner("pi");
const hostKey = toBase64url(signer.hostKey);
const stranger = await createSigner("pi");

test("a proof passes the handshake, and is the host's for five minutes", async () => {
  const proof = await proveHost(signer, NOW);
  const protocols = formatProof("pi", proof);
  for (const protocol of protocols) assert.match(protocol, /^[\w.-]+$/, "an HTTP token");
  assert.equal(parseProtocols(protocols), { host: "pi", proof });
  for (
    const [now, isGood] of [[NOW, true], [NOW + MAX_SKEW_MS, true], [
      NOW - MAX_SKEW_MS,
      true,
    ]] as const
  ) {
    assert.is(await isProvenHost("pi", proof, hostKey, now), isGood);
  }
  for (
    const [host, changed, key, now] of [
      ["pi", {}, hostKey, NOW + MAX_SKEW_MS + 1],
      ["pi", {}, hostKey, NOW - MAX_SKEW_MS - 1],
      ["pi-2", {}, hostKey, NOW],
      ["pi", { time: NOW + 1 }, hostKey, NOW],
      ["pi", {}, toBase64url(stranger.hostKey), NOW],
      ["pi", {}, "", NOW],
      ["pi", { signature: "A".repeat(86) }, hostKey, NOW],
      ["pi", { signature: "/" }, hostKey, NOW],
    ] as const
  ) assert.not.ok(await isProvenHost(host, { ...proof, ...changed }, key, now));
});

test("a proof that is malformed is none", () => {
  const signature = "A".repeat(86);
  for (
    const protocol of [
      `register.pi.${NOW}.${signature}A`,
      `register.Pi.${NOW}.${signature}`,
      `register.pi.-1.${signature}`,
      `register.pi.1e9.${signature}`,
      `register.pi.${"9".repeat(16)}.${signature}`,
      `register.pi.${signature}`,
      "register.",
    ]
  ) assert.is(parseProtocols(["lighthouse", protocol]), undefined, protocol);
});

const look: Unsigned = { type: "look", nonce: "n-1", time: NOW };
const write: Unsigned = {
  type: "write",
  nonce: "n-2",
  time: NOW,
  revision: '"etag"',
  connectionId: SENDER,
  admission: "A".repeat(43),
};

test("a request reads as it was signed, and is the host's on that connection alone", async () => {
  for (const unsigned of [look, write, { ...write, connectionId: undefined, revision: "" }]) {
    const request = parseRequest(
      JSON.parse(JSON.stringify(await signRequest(unsigned, SENDER, signer))),
    );
    const own = { host: "pi", sender: SENDER, hostKey };
    assert.ok(await isRequestOf(request, own));
    assert.not.ok(await isRequestOf(request, { ...own, sender: "another=" }));
    assert.not.ok(await isRequestOf(request, { ...own, host: "laptop" }));
    assert.not.ok(await isRequestOf(request, { ...own, hostKey: toBase64url(stranger.hostKey) }));
  }
});

test("a write carries the signature of its entry", async () => {
  const { entry, time } = await signRequest(write, SENDER, signer) as WriteRequest;
  const text = { host: "pi", connectionId: SENDER, time, hostKey, signature: entry };
  assert.ok(await isSignedBy(parseHostEntry(JSON.stringify(text), "pi"), signer.hostKey));
});

test("a request with any member changed is not the host's", async () => {
  const request = await signRequest(write, SENDER, signer) as WriteRequest;
  const own = { host: "pi", sender: SENDER, hostKey };
  const { entry } = await signRequest(write, SENDER, stranger) as WriteRequest;
  for (
    const changed of [
      { nonce: "n-3" },
      { time: NOW + 1 },
      { revision: "" },
      { connectionId: undefined },
      { entry },
      { admission: undefined },
      { admission: "open" },
    ]
  ) assert.not.ok(await isRequestOf({ ...request, ...changed }, own), JSON.stringify(changed));
});

test("a request that is malformed is refused with the path of the wrong member", async () => {
  const request = await signRequest(write, SENDER, signer);
  for (
    const [changed, path] of [
      [{ type: "delete" }, /data\.type/],
      [{ nonce: "" }, /data\.nonce/],
      [{ nonce: "a\nb" }, /data\.nonce/],
      [{ nonce: "a".repeat(65) }, /data\.nonce/],
      [{ time: "now" }, /data\.time/],
      [{ time: -1 }, /data\.time/],
      [{ time: 2 ** 53 }, /data\.time/],
      [{ revision: undefined }, /data\.revision/],
      [{ revision: "a b" }, /data\.revision/],
      [{ connectionId: "\n" }, /data\.connectionId/],
      [{ entry: 1 }, /data\.entry/],
      [{ admission: "short" }, /data\.admission/],
      [{ signature: undefined }, /data\.signature/],
    ] as [object, RegExp][]
  ) {
    try {
      parseRequest({ ...request, ...changed });
      assert.unreachable(JSON.stringify(changed));
    } catch (error) {
      assert.is((error as LighthouseError).code, "bad-message");
      assert.match((error as LighthouseError).message, path);
    }
  }
  for (const value of [null, [], "look", 1]) assert.throws(() => parseRequest(value), /data/);
});

test("an answer with an entry of another host, or that is none, is refused", async () => {
  const { entry: signature } = await signRequest(write, SENDER, signer) as WriteRequest;
  const entry = { host: "pi", connectionId: SENDER, time: NOW, hostKey, signature };
  const answer = { nonce: "n", revision: '"a"', entry, admission: "open" };
  assert.equal(parseRegistryAnswer(answer, "pi"), answer);
  assert.equal(parseRegistryAnswer({ nonce: "n", revision: "" }, "pi"), {
    nonce: "n",
    revision: "",
  });
  for (
    const wrong of [
      { ...answer, entry: { ...entry, host: "laptop" } },
      { ...answer, entry: [] },
      { ...answer, nonce: undefined },
      { ...answer, revision: 1 },
      { ...answer, admission: "a".repeat(65) },
    ]
  ) assert.throws(() => parseRegistryAnswer(wrong, "pi"));
});

test.run();
