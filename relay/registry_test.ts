// Finding hosts: what is read of S3, what is kept, and what the relay's core makes of it.
import * as assert from "uvu/assert";
import { type ObjectStore, startObjectStore } from "../tools/local/object_store.ts";
import { suite } from "../tools/testing/suite.ts";
import { until } from "../tools/testing/until.ts";
import { Bucket } from "./bucket.ts";
import { BucketRegistry, environmentKeys, environmentLookup } from "./registry.ts";
import { relay } from "./relay.ts";

const test = suite("relay registry");

const PAGE = "page=";
const BUCKET = "registry";
const CREDENTIALS = { accessKeyId: "role", secretAccessKey: "secret", sessionToken: "token" };

async function setUp({ hosts }: { hosts?: string[] } = {}) {
  const store = await startObjectStore({ bucket: BUCKET, keys: { role: "secret" } });
  const bucket = new Bucket({
    bucket: BUCKET,
    region: "us-east-1",
    endpoint: store.endpoint,
    credentials: () => CREDENTIALS,
  });
  const { lookup, admissionKeys } = new BucketRegistry(bucket, hosts);
  return {
    store,
    lookup,
    admissionKeys,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** Registers a host. Whether it is signed is nothing to the relay, which knows no host's key. */
function register(store: ObjectStore, host: string, connectionId: string | undefined): void {
  const entry = { host, connectionId, time: 1, hostKey: "B", signature: "A" };
  store.write(`hosts/${host}.json`, JSON.stringify(entry));
}

/** Lets the relay handle a message. @returns Posts, those to `gone=` failing. */
async function send(
  lookup: Parameters<typeof relay>[1]["lookup"],
  sender: string,
  message: Record<string, unknown>,
) {
  const posts: [to: string, text: Record<string, unknown>][] = [];
  const body = JSON.stringify({ action: "sendSignal", ...message });
  await relay(
    { kind: "message", connectionId: sender, body },
    { lookup, allowedOrigins: [] },
    (to, text) => {
      posts.push([to, JSON.parse(text)]);
      return Promise.resolve(to === "gone=" ? "gone" : "delivered");
    },
  );
  return posts;
}

function codeOf(posts: Awaited<ReturnType<typeof send>>): unknown {
  return (posts.at(-1)![1].error as { code?: unknown } | undefined)?.code;
}

test("a message goes to the host that it names, and without a name to laptop", async () => {
  await using at = await setUp();
  register(at.store, "pi", "pi=");
  register(at.store, "laptop", "laptop=");
  assert.equal(await send(at.lookup, PAGE, { host: "pi", data: 1 }), [
    ["pi=", { from: PAGE, data: 1 }],
  ]);
  assert.equal(await send(at.lookup, PAGE, { data: 2 }), [["laptop=", { from: PAGE, data: 2 }]]);
  assert.ok(at.store.calls.every(({ accessKeyId, status }) => {
    return accessKeyId === "role" && status === 200;
  }));
});

for (const [what, entry] of [["was never there", false], ["has left", true]] as const) {
  test(`a host that ${what} is offline, and found as soon as it is there`, async () => {
    await using at = await setUp();
    if (entry) register(at.store, "pi", undefined);
    assert.is(codeOf(await send(at.lookup, PAGE, { host: "pi", data: 1 })), "host-offline");
    register(at.store, "pi", "pi=");
    assert.is((await send(at.lookup, PAGE, { host: "pi", data: 1 }))[0]![0], "pi=");
  });
}

test("what was read serves for a while, and a connection that is gone has it read anew, once", async () => {
  await using at = await setUp();
  register(at.store, "pi", "gone=");
  assert.is(await at.lookup("pi"), "gone=");
  register(at.store, "pi", "new=");
  const posts = await send(at.lookup, PAGE, { host: "pi", data: 1 });
  assert.equal(posts.map(([to]) => to), ["gone=", "new="]);
  assert.is(at.store.calls.length, 2);
  await send(at.lookup, PAGE, { host: "pi", data: 1 });
  assert.is(at.store.calls.length, 2);
});

test("a host that is gone and has not come back is offline after one post and two looks", async () => {
  await using at = await setUp();
  register(at.store, "pi", "gone=");
  const posts = await send(at.lookup, PAGE, { host: "pi", data: 1 });
  assert.equal(posts.map(([to]) => to), ["gone=", PAGE]);
  assert.is(codeOf(posts), "host-offline");
  assert.is(at.store.calls.length, 2);
});

test("a host answers pages as itself, also when it has registered a moment ago", async () => {
  await using at = await setUp();
  register(at.store, "pi", "old=");
  await at.lookup("pi");
  register(at.store, "pi", "pi=");
  assert.equal(await send(at.lookup, "pi=", { to: PAGE, host: "pi", data: 1 }), [
    [PAGE, { data: 1 }],
  ]);
});

test("nobody addresses connections who is not the host that it says it is", async () => {
  await using at = await setUp();
  register(at.store, "pi", "pi=");
  register(at.store, "laptop", "laptop=");
  for (
    const [sender, host] of [[PAGE, "pi"], ["pi=", "laptop"], ["pi=", undefined], [PAGE, "none"]]
  ) {
    const posts = await send(at.lookup, sender!, { to: "victim=", host, data: 1 });
    assert.equal(posts.map(([to]) => to), [sender]);
    assert.is(codeOf(posts), "not-allowed");
  }
});

for (
  const [what, prepare] of [
    ["answers 503", (store) => store.faults.answer = () => ({ status: 503, code: "SlowDown" })],
    ["holds no entry", (store) => store.write("hosts/pi.json", "{}")],
    ["holds another host's entry", (store) =>
      store.write(
        "hosts/pi.json",
        '{"host":"laptop","connectionId":"x=","time":1,"hostKey":"B","signature":"A"}',
      )],
    ["holds far too much", (store) => store.write("hosts/pi.json", " ".repeat(60_000))],
  ] as [string, (store: ObjectStore) => void][]
) {
  test(`where S3 ${what}, the page is told that the relay failed`, async () => {
    await using at = await setUp();
    prepare(at.store);
    const posts = await send(at.lookup, PAGE, { host: "pi", data: 1 });
    assert.is(codeOf(posts), "relay-failed");
    assert.match((posts[0]![1].error as { message: string }).message, /Cannot find the host "pi"/);
  });
}

test("many names do not make it keep more and more", async () => {
  await using at = await setUp();
  for (let host = 0; host < 300; host++) {
    register(at.store, `h${host}`, `c${host}=`);
    await at.lookup(`h${host}`);
  }
  // The first are forgotten, the last are not.
  await at.lookup("h299");
  assert.is(at.store.calls.length, 300);
  await at.lookup("h0");
  assert.is(at.store.calls.length, 301);
});

test("a relay with one host refuses names but laptop", async () => {
  const lookup = environmentLookup("host=");
  assert.is((await send(lookup, PAGE, { host: "laptop", data: 1 }))[0]![0], "host=");
  const posts = await send(lookup, PAGE, { host: "pi", data: 1 });
  assert.is(codeOf(posts), "bad-message");
});

const KEY = "k".repeat(43);
const OTHER_KEY = "o".repeat(43);

test("an admission key is read once, and again after it has proved wrong, once a second", async () => {
  await using at = await setUp();
  at.store.write("admission/pi.json", JSON.stringify({ key: KEY }));
  assert.is(await at.admissionKeys("pi"), KEY);
  at.store.write("admission/pi.json", JSON.stringify({ key: OTHER_KEY }));
  for (let stranger = 0; stranger < 100; stranger++) {
    assert.is(await at.admissionKeys("pi"), KEY);
    await at.admissionKeys("pi", { fresh: true });
  }
  assert.ok(at.store.calls.length <= 3, `${at.store.calls.length} reads`);
  await until(async () => await at.admissionKeys("pi", { fresh: true }) === OTHER_KEY);
});

test("a host that has registered without a key is open, also after it has left", async () => {
  await using at = await setUp();
  register(at.store, "pi", "pi=");
  assert.is(await at.admissionKeys("pi"), "open");
  register(at.store, "gone", undefined);
  assert.is(await at.admissionKeys("gone"), "open");
});

test("a name that nobody has registered has no key", async () => {
  await using at = await setUp();
  assert.is(await at.admissionKeys("pi"), undefined);
  const reads = at.store.calls.length;
  await at.admissionKeys("pi", { fresh: true });
  assert.is(at.store.calls.length, reads);
});

test("names that are no host's cost no read", async () => {
  await using at = await setUp({ hosts: ["laptop", "pi"] });
  at.store.write("admission/pi.json", JSON.stringify({ key: KEY }));
  assert.is(await at.admissionKeys("other", { fresh: true }), undefined);
  assert.is(at.store.calls.length, 0);
  assert.is(await at.admissionKeys("pi"), KEY);
});

test("a key stays while S3 does not answer", async () => {
  await using at = await setUp();
  at.store.write("admission/pi.json", JSON.stringify({ key: KEY }));
  await at.admissionKeys("pi");
  at.store.faults.answer = () => ({ status: 503, code: "SlowDown" });
  await until(async () => {
    assert.is(await at.admissionKeys("pi", { fresh: true }), KEY);
    return at.store.calls.some(({ status }) => status === 503);
  });
});

for (const text of ["", "{}", "null", "[]", "key", '{"key":7}', " ".repeat(2000)]) {
  test(`the admission object ${JSON.stringify(text.slice(0, 20))} lets nobody in`, async () => {
    await using at = await setUp();
    at.store.write("admission/pi.json", text);
    assert.not.equal(await at.admissionKeys("pi"), "open");
  });
}

test("in the environment, the key is that of the one host, and none means open", async () => {
  assert.is(await environmentKeys(KEY)("laptop"), KEY);
  assert.is(await environmentKeys("")("laptop"), "open");
  assert.is(await environmentKeys("open")("pi"), undefined);
});

test.run();
