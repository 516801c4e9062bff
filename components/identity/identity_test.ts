import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError, type PairingLink, TAG_KEY_BYTES } from "../../wire/mod.ts";
import { MemoryStore } from "../testing/memory_store.ts";
import type { DeviceStore } from "./device_store.ts";
import { Identities, type IdentitiesOptions } from "./identity.ts";

const test = suite("identity");

const RELAY = "wss://relay.example/prod";
const ORIGIN = "https://me.example";
const DEVICE = { id: "an-id", name: "my phone" };
const TAG_KEY = new Uint8Array(TAG_KEY_BYTES).fill(3);

function key(fill: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(65).fill(fill).with(0, 4) as Uint8Array<ArrayBuffer>;
}
const HOST = key(1);
const OTHER = key(2);

function link(hostKey = HOST, fill = 9): PairingLink {
  return { hostKey, secret: new Uint8Array(16).fill(fill) };
}

function setUp(options: Partial<IdentitiesOptions> = {}) {
  const store = new MemoryStore();
  return {
    store,
    at: (more = options) => identities(store, more),
    ids: identities(store, options),
  };
}

function identities(store: DeviceStore, options: Partial<IdentitiesOptions> = {}): Identities {
  return new Identities({ store, relay: RELAY, origin: ORIGIN, ...options });
}

/** Opens a link and has the host let this device in. */
async function pair(ids: Identities, opened = link()): Promise<void> {
  await ids.open(opened);
  await ids.paired(await ids.current(), DEVICE, TAG_KEY);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(() => "nothing", (error) => (error as LighthouseError).code);
}

test("a browser that knows no host is not paired", async () => {
  assert.is(await codeOf(setUp().ids.current()), "not-paired");
});

test("a link is used until the host has let this device in, then its key is", async () => {
  const { ids, at } = setUp();
  await ids.open(link());
  const first = await ids.current();
  assert.equal(first.sender, { kind: "pairing", secret: link().secret });
  // Another tab, or another attempt.
  assert.is((await at().current()).keys, first.keys);
  await ids.paired(first, DEVICE, TAG_KEY);
  const paired = await at().current();
  assert.is(paired.sender.kind, "paired");
  assert.is(paired.keys, first.keys);
  assert.equal([paired.hostKey, paired.device], [HOST, DEVICE]);
});

test("neither the private key nor the tag key can be read", async () => {
  const { ids, store } = setUp();
  await pair(ids);
  const { keys, tagKey } = store.records.get(RELAY)!;
  assert.equal([keys.privateKey.extractable, tagKey!.extractable], [false, false]);
  assert.equal(store.links.size, 0);
});

test("another link of the same host makes the same device of this browser", async () => {
  const { ids } = setUp();
  await pair(ids);
  const { keys } = await ids.current();
  await ids.open(link(HOST, 10));
  const again = await ids.current();
  assert.is(again.sender.kind, "pairing");
  assert.is(again.keys, keys);
});

test("a link that the host does not take leaves the pairing that there was", async () => {
  const { ids } = setUp();
  await ids.open(link());
  assert.is(await ids.dropLink(), false);
  assert.is(await codeOf(ids.current()), "not-paired");
  await pair(ids);
  await ids.open(link(HOST, 10));
  assert.is(await ids.dropLink(), true);
  assert.is((await ids.current()).sender.kind, "paired");
});

test("a link of another host is refused, until the one that was paired is forgotten", async () => {
  const { ids } = setUp();
  await pair(ids);
  assert.is(await codeOf(ids.open(link(OTHER))), "host-key-changed");
  assert.equal((await ids.current()).hostKey, HOST);
  await ids.forget();
  await pair(ids, link(OTHER));
  assert.equal((await ids.current()).hostKey, OTHER);
});

test("another relay has another host", async () => {
  const { ids, at } = setUp();
  await pair(ids);
  assert.is(await codeOf(at({ relay: "wss://other.example/prod" }).current()), "not-paired");
});

test("a link that was left lying is not used any more", async () => {
  const { ids, at, store } = setUp();
  await ids.open(link());
  const later = (ms: number) => at({ now: () => Date.now() + ms });
  assert.is((await later(3_500_000).current()).sender.kind, "pairing");
  assert.is(await codeOf(later(3_700_000).current()), "not-paired");
  assert.is(store.links.size, 0);
});

test("where the page names the host's key, others are refused", async () => {
  const { ids } = setUp({ pinned: HOST });
  assert.is(await codeOf(ids.open(link(OTHER))), "host-key-changed");
  await pair(ids);
  assert.is((await ids.current()).sender.kind, "paired");
});

test("where the page names another host than was paired, it dials that as a stranger", async () => {
  const { ids, at, store } = setUp();
  await pair(ids);
  const other = at({ pinned: OTHER });
  const { hostKey, sender } = await other.current();
  assert.equal([hostKey, sender], [OTHER, { kind: "stranger" }]);
  assert.equal(store.records.get(RELAY)!.hostKey, HOST);
});

test("a stranger keeps its key, and becomes a device with it", async () => {
  const { ids, at } = setUp({ pinned: HOST });
  const { keys } = await ids.current();
  assert.is((await at().current()).keys, keys);
  await pair(ids);
  assert.is((await ids.current()).keys, keys);
});

test("where nothing can be kept, a stranger has a key for the visit, and nobody can be paired", async () => {
  const { ids, store } = setUp({ pinned: HOST });
  store.isOff = true;
  const { keys } = await ids.current();
  assert.is((await ids.current()).keys, keys);
  assert.is(await codeOf(ids.open(link())), "unsupported");
  assert.is(await codeOf(identities(store).current()), "unsupported");
});

test("a new name is kept", async () => {
  const { ids } = setUp();
  await pair(ids);
  await ids.renewed({ ...DEVICE, name: "old phone" });
  assert.is((await ids.current()).device!.name, "old phone");
});

test("what is shown to the relay is that of the link, then that of the newest answer", async () => {
  const { ids } = setUp();
  await ids.open({ ...link(), admission: "of the link" });
  const identity = await ids.current();
  assert.is(identity.admission, "of the link");
  await ids.paired(identity, DEVICE, new Uint8Array(32), "of the pairing");
  assert.is((await ids.current()).admission, "of the pairing");
  await ids.renewed(DEVICE, "of today");
  assert.is((await ids.current()).admission, "of today");
  await ids.renewed(DEVICE);
  assert.is((await ids.current()).admission, undefined);
});

test("whether the newest connection needed the relay is kept, also for a stranger", async () => {
  for (const isPaired of [true, false]) {
    const { ids, store, at } = setUp({ pinned: HOST });
    // Nothing is kept of a host that has let nobody in.
    await ids.keepWay(true);
    assert.is(store.records.size, 0);
    if (isPaired) await pair(ids);
    assert.not((await ids.current()).needsRelay);
    await ids.keepWay(true);
    assert.ok((await at().current()).needsRelay);
    const record = store.records.get(RELAY)!;
    await ids.keepWay(true);
    assert.is(store.records.get(RELAY), record);
    await ids.renewed({ ...DEVICE, name: "old phone" });
    assert.ok((await ids.current()).needsRelay);
    await ids.keepWay(false);
    assert.not((await ids.current()).needsRelay);
  }
});

test("the host's ICE servers are used until they expire, also by another tab and the next visit", async () => {
  let time = 1000;
  const { ids, store, at } = setUp({ now: () => time });
  const own = { iceServers: [{ urls: ["stun:own"] }] };
  const turn = (end?: number) => ({
    urls: ["turn:a"],
    username: "u",
    credential: "p",
    expires: end,
  });
  const seenBy = async (some: Identities) => {
    await some.current();
    return some.withIceServers(own).iceServers;
  };
  await pair(ids);
  assert.equal(await seenBy(ids), own.iceServers);
  await ids.keepIceServers([turn(2000), turn(3000)]);
  assert.equal(ids.withIceServers(own).iceServers, [...own.iceServers, turn(2000), turn(3000)]);
  assert.equal(await seenBy(at()), [...own.iceServers, turn(2000), turn(3000)]);
  const record = store.records.get(RELAY);
  assert.ok(ids.hasNewIceServers);
  await ids.keepIceServers([turn(2000), turn(3000)]);
  assert.is(store.records.get(RELAY), record);
  assert.not(ids.hasNewIceServers);
  await ids.renewed({ ...DEVICE, name: "old phone" });
  time = 2000;
  assert.equal(await seenBy(at()), [...own.iceServers, turn(3000)]);
  // An answer without servers takes them back.
  await ids.keepIceServers(undefined);
  assert.equal(await seenBy(at()), own.iceServers);
});

test("where nothing can be kept, the host's ICE servers are used during the visit", async () => {
  const { ids } = setUp({ pinned: HOST });
  const turn = { urls: ["turn:a"], username: "u", credential: "p" };
  await ids.keepIceServers([turn]);
  assert.equal(ids.withIceServers({ iceServers: [] }).iceServers, [turn]);
});

test("a record of another origin is of no use", async () => {
  const { ids, at } = setUp();
  await pair(ids);
  assert.is(await codeOf(at({ origin: "https://you.example" }).current()), "wrong-origin");
});

test("a secret for the next offer is taken once, by one tab, and no script can read it", async () => {
  const { store, ids, at } = setUp();
  await pair(ids);
  assert.is(await ids.takeEarlySecret(), undefined);
  await ids.keepResumption(new Uint8Array(32));
  await ids.renewed({ ...DEVICE, name: "renamed" });
  const [one, other] = await Promise.all([ids.takeEarlySecret(), at().takeEarlySecret()]);
  assert.equal([one, other].filter(Boolean).length, 1);
  const { key, fresh } = (one ?? other)!;
  assert.is(key.extractable, false);
  assert.is(fresh, undefined);
  assert.is(store.records.get(RELAY)!.resumption, undefined);
  assert.is((await at().current()).device!.name, "renamed");
});

test("a secret is of one host and one pairing", async () => {
  const { store, ids } = setUp();
  await ids.keepResumption(new Uint8Array(32));
  assert.is(store.records.size, 0);
  await pair(ids);
  await ids.keepResumption(new Uint8Array(32));
  assert.ok((await identities(store, { pinned: OTHER }).takeEarlySecret())!.fresh);
  await pair(ids);
  assert.is(await ids.takeEarlySecret(), undefined);
  store.isOff = true;
  assert.is(await codeOf(ids.takeEarlySecret()), "unsupported");
  assert.is(await codeOf(identities(store, { pinned: HOST }).takeEarlySecret()), "nothing");
});

test("a stranger, and a browser with a link, make a new secret each time", async () => {
  const { store, ids } = setUp();
  assert.is(await codeOf(ids.takeEarlySecret()), "not-paired");
  const stranger = identities(store, { pinned: HOST });
  const [one, other] = [await stranger.takeEarlySecret(), await stranger.takeEarlySecret()];
  assert.is(one!.fresh!.length, 32);
  assert.is(one!.key.extractable, false);
  assert.not.equal(one!.fresh, other!.fresh);
  await pair(ids);
  await ids.open({ hostKey: HOST, secret: new Uint8Array(32) });
  assert.ok((await ids.takeEarlySecret())!.fresh);
  await ids.dropLink();
  assert.is(await ids.takeEarlySecret(), undefined);
});

test.run();
