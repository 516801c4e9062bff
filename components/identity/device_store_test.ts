import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { generateKeyPair } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { MemoryIndexedDb } from "../testing/memory_indexed_db.ts";
import { type DeviceRecord, IndexedDbStore, type KeptLink } from "./device_store.ts";

const test = suite("device store");

const RELAY = "wss://relay.example/prod";
const keys = await generateKeyPair();
const record: DeviceRecord = {
  relay: RELAY,
  origin: "https://me.example",
  hostKey: new Uint8Array(65).fill(4),
  keys,
  device: { id: "1", name: "my phone" },
};
const link: KeptLink = {
  relay: RELAY,
  hostKey: new Uint8Array(65).fill(4),
  secret: new Uint8Array(16).fill(9),
  keys,
  time: 1,
};

function setUp() {
  const database = new MemoryIndexedDb();
  return { database, store: new IndexedDbStore({ factory: database.factory }) };
}

/** The kinds of entries that a store has for a relay. */
async function kindsIn(store: IndexedDbStore, relay = RELAY) {
  const found = await store.read(relay);
  return [found.record && "record", found.link && "link"].filter(Boolean);
}

const cases: [what: string, act: (store: IndexedDbStore) => Promise<void>, kinds: string[]][] = [
  ["nothing at first", async () => {}, []],
  ["a record", (store) => store.keep(record), ["record"]],
  ["a link", (store) => store.keepLink(link), ["link"]],
  ["a link beside a record", async (store) => {
    await store.keep(record);
    await store.keepLink(link);
  }, ["record", "link"]],
  ["a record in place of its link", async (store) => {
    await store.keepLink(link);
    await store.pair(record);
  }, ["record"]],
  ["a record without its link", async (store) => {
    await store.keep(record);
    await store.keepLink(link);
    await store.remove(RELAY);
  }, ["record"]],
  ["nothing after all is removed", async (store) => {
    await store.keep(record);
    await store.keepLink(link);
    await store.remove(RELAY, { all: true });
  }, []],
];
for (const [what, act, kinds] of cases) {
  test(`keeps ${what}`, async () => {
    const { store } = setUp();
    await act(store);
    assert.equal(await kindsIn(store), kinds);
    assert.equal(await kindsIn(store, "wss://other.example/"), []);
  });
}

test("what was kept comes back as it was, in another window too", async () => {
  const { store, database } = setUp();
  await store.pair(record);
  const found = await new IndexedDbStore({ factory: database.factory }).read(RELAY);
  assert.equal(found.record!.device, record.device);
  assert.is(found.record!.keys.privateKey.extractable, false);
  assert.is(database.opened, 2);
});

test("a browser that keeps nothing is unsupported, for each method", async () => {
  for (const failure of [{ open: new Error("off") }, { transaction: new Error("full") }]) {
    const { store, database } = setUp();
    await store.read(RELAY);
    database.failure = failure;
    if (failure.open) database.database!.onversionchange!();
    for (
      const attempt of [
        // What was read counts, whatever the disk says then.
        ...failure.open ? [() => store.read(RELAY)] : [],
        () => store.keep(record),
        () => store.keepLink(link),
        () => store.pair(record),
        () => store.remove(RELAY),
      ]
    ) {
      const error = await failureOf(attempt());
      assert.is(error.code, "unsupported");
      assert.match(error.message, "keeps nothing for this site");
    }
  }
});

test("a database that was closed for a newer version is opened anew at the next use", async () => {
  const { store, database } = setUp();
  await store.keep(record);
  database.database!.onversionchange!();
  assert.is((await failureOf(store.read(RELAY))).code, "unsupported");
  assert.equal(await kindsIn(store), ["record"]);
  assert.is(database.opened, 2);
});

test.run();
