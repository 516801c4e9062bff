import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import type { LighthouseError } from "../error.ts";
import {
  entryKey,
  isSignedBy,
  parseHostEntry,
  readHostEntry,
  signHostEntry,
} from "./host_entry.ts";

const test = suite("host entry");

const ID = "L0SM9cOFvHcCIhw=";

/** A host's key, for both of its uses. */
async function createKey() {
  const ecdh = { name: "ECDH", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(ecdh, true, ["deriveBits"]);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const signingKey = await crypto.subtle.importKey(
    "jwk",
    { kty, crv, x, y, d },
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const hostKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { hostKey, signingKey };
}

const key = await createKey();
const text = await signHostEntry({ host: "pi", connectionId: ID, time: 1_795_686_980_000, ...key });

test("an entry has a key of its own in the bucket", () => {
  assert.is(entryKey("pi"), "hosts/pi.json");
});

test("an entry reads as it was written, and its host has signed it", async () => {
  const entry = parseHostEntry(text, "pi");
  const { signature, ...rest } = entry;
  assert.is(signature.length, 86);
  assert.equal(rest, {
    host: "pi",
    connectionId: ID,
    time: 1_795_686_980_000,
    hostKey: toBase64url(key.hostKey),
  });
  assert.ok(await isSignedBy(entry, key.hostKey));
});

test("an entry of a host that has left says so, signed", async () => {
  const entry = parseHostEntry(await signHostEntry({ host: "pi", time: 1, ...key }), "pi");
  assert.is(entry.connectionId, undefined);
  assert.ok(await isSignedBy(entry, key.hostKey));
  assert.not.ok(await isSignedBy({ ...entry, connectionId: ID }, key.hostKey));
});

const other = await createKey();
const entry = parseHostEntry(text, "pi");
const last = entry.signature.at(-1) === "A" ? "Q" : "A";
for (
  const [what, changed] of [
    ["connection", { connectionId: "another=" }],
    ["time", { time: entry.time + 1 }],
    ["name", { host: "pi-2" }],
    ["key", { hostKey: toBase64url(other.hostKey) }],
    ["signature", { signature: `${entry.signature.slice(0, -1)}${last}` }],
    ["signature, which is no base64url", { signature: "+/=" }],
    ["signature, which is too short", { signature: "AAAA" }],
  ] as const
) {
  test(`an entry with another ${what} is not the host's`, async () => {
    assert.not.ok(await isSignedBy({ ...entry, ...changed }, key.hostKey));
  });
}

test("an entry that another host has signed, under its own key, is not the host's", async () => {
  const theirs = await signHostEntry({ host: "pi", connectionId: ID, time: 1, ...other });
  assert.not.ok(await isSignedBy(parseHostEntry(theirs, "pi"), key.hostKey));
  // Nor one that only says that the key is the host's.
  const claimed = await signHostEntry({ host: "pi", time: 1, ...other, hostKey: key.hostKey });
  assert.not.ok(await isSignedBy(parseHostEntry(claimed, "pi"), key.hostKey));
});

const good = JSON.parse(text);
for (
  const [text, message] of [
    ["", "it is not JSON"],
    ["[]", "the entry: expected an object"],
    [JSON.stringify({ ...good, host: "other" }), "host: it is another"],
    [JSON.stringify({ ...good, host: undefined }), "host: expected 1 to 32"],
    [JSON.stringify({ ...good, connectionId: 7 }), "connectionId: expected a string"],
    [JSON.stringify({ ...good, connectionId: "a\nb" }), "connectionId: expected a connectionId"],
    [JSON.stringify({ ...good, time: "now" }), "time: expected milliseconds"],
    [JSON.stringify({ ...good, time: 1.5 }), "time: expected milliseconds"],
    [JSON.stringify({ ...good, time: -1 }), "time: expected milliseconds"],
    [JSON.stringify({ ...good, hostKey: "x".repeat(129) }), "hostKey: expected 1 to 128"],
    [JSON.stringify({ ...good, signature: null }), "signature: expected a string"],
  ] as const
) {
  test(`parseHostEntry() refuses ${text.slice(0, 40) || "nothing"}, ${message}`, () => {
    try {
      parseHostEntry(text, "pi");
    } catch (error) {
      assert.is((error as LighthouseError).code, "bad-message");
      assert.match((error as LighthouseError).message, message);
      return;
    }
    assert.unreachable("it was taken");
  });
}

test("readHostEntry() reads no more of an answer than an entry has", async () => {
  assert.equal(await readHostEntry(new Response(text), "pi"), entry);
  let pulled = 0;
  let canceled = false;
  const endless = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(600));
    },
    cancel() {
      canceled = true;
    },
  });
  const error = await readHostEntry(new Response(endless), "pi").catch((error) => error);
  assert.is(error.code, "too-large");
  assert.ok(pulled <= 4 && canceled);
});

test.run();
