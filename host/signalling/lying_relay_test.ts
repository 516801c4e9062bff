// What a relay can say that is not true, or the bucket's owner can put there, and what the host makes of it.
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { parseRelayMessage, readHostEntry, signHostEntry, toBase64url } from "../../wire/mod.ts";
import {
  identity,
  KEY,
  register,
  startRegisteringRelay,
  stranger,
} from "../testing/registering_relay.ts";
import { registryFailure } from "../testing/registry.ts";

const test = suite("relay that lies", { deadline: 30_000 });
const never = new AbortController().signal;

/** An answer of the registry, changed. */
function forging(change: (data: Record<string, unknown>) => unknown) {
  return (text: string) => {
    const message = parseRelayMessage(text);
    if (message.kind !== "signal" || message.from !== "registry") return text;
    const data = change(message.data as Record<string, unknown>);
    return JSON.stringify({ from: "registry", data });
  };
}

const ofStranger = {
  host: "pi",
  connectionId: "thief=",
  time: Date.now(),
  hostKey: toBase64url(stranger.publicKey),
  signature: "A".repeat(86),
};

/** Lies that keep a host from being registered: it must not believe that it is, and must end each wait. */
const lies: [what: string, forge: Parameters<typeof startRegisteringRelay>[0], failure: RegExp][] =
  [
    [
      "answers another question, and never this one",
      forging((data) => ({ ...data, nonce: "x" })),
      /does not register this host: no answer within 10 s/,
    ],
    ["answers with nonsense", forging(({ nonce }) => ({ nonce, entry: 7 })), /expected an object/],
    [
      "answers with the entry of another host",
      forging((data) => ({ ...data, entry: { ...ofStranger, host: "laptop" } })),
      /host/,
    ],
    [
      "answers with an admission key as long as a book",
      forging((data) => ({ ...data, admission: "a".repeat(20_000) })),
      /admission/,
    ],
    [
      "answers with more than a relay can send",
      forging((data) => ({ ...data, more: "a".repeat(100_000) })),
      /the connection ended/,
    ],
  ];
for (const [what, forge, expected] of lies) {
  test(`behind a relay that ${what}, a host is not registered, and tries again`, async () => {
    await using at = await startRegisteringRelay(forge);
    const registry = at.open();
    const socket = await at.connect(registry);
    const { kind, message } = await registryFailure(registry.read(never, socket));
    assert.is(kind, "transient");
    assert.match(message, expected);
    socket.close();
  });
}

test("behind a relay that says that it has written, and has not, a host does not get online", async () => {
  await using at = await startRegisteringRelay(
    forging(({ nonce }) => ({ nonce, revision: '"made-up"' })),
  );
  await using host = await register(at, at.open());
  await host.until("proving");
  // The relay finds no host for its probes.
  await until(() => host.states.filter(({ failures }) => failures > 0).length >= 2);
  assert.not.ok(host.states.some(({ phase }) => phase === "online"));
});

test("behind a relay that always says that another has written, a host reads again each time", async () => {
  await using at = await startRegisteringRelay(forging(({ revision: _, ...data }) => data));
  await using host = await register(at, at.open());
  const conflicts = () =>
    host.states.filter(({ trouble, phase }) =>
      phase === "reading" && /meanwhile/.test(trouble ?? "")
    );
  await until(() => conflicts().length >= 2);
  assert.not.ok(host.states.some(({ phase }) => phase === "online"));
});

test("a forged entry is told of once, and its time is not taken for the host's own", async () => {
  const told: string[] = [];
  // A host that signed for a time after this one could not register with an honest relay for years.
  const entry = { ...ofStranger, time: Number.MAX_SAFE_INTEGER - 1 };
  let isLying = true;
  const forge = forging((data) => isLying ? { ...data, revision: '"theirs"', entry } : data);
  await using at = await startRegisteringRelay(forge);
  const registry = at.open({ onForeign: (message) => told.push(message) });
  await registry.read(never);
  await registry.read(never);
  assert.is(told.length, 1);
  assert.match(told[0]!, /was not written by this host's key/);
  // The same entry from the bucket, by an honest relay.
  isLying = false;
  at.store.write("hosts/pi.json", JSON.stringify(entry));
  const socket = await at.connect(registry);
  await (await registry.read(never, socket)).replace(socket.connectionId, never, KEY);
  const written = await readHostEntry(new Response(at.store.read("hosts/pi.json")), "pi");
  assert.ok(written.time <= Date.now());
  socket.close();
});

test("an old entry of its own that the relay shows is told of, and does not keep a host from registering", async () => {
  const told: string[] = [];
  const { publicKey: hostKey, signingKey } = identity;
  const old = JSON.parse(
    await signHostEntry({ host: "pi", connectionId: "old=", time: 1, hostKey, signingKey }),
  );
  let isLying = false;
  await using at = await startRegisteringRelay(
    forging((data) => isLying && "entry" in data ? { ...data, entry: old } : data),
  );
  const registry = at.open({ onForeign: (message) => told.push(message) });
  const socket = await at.connect(registry);
  await (await registry.read(never, socket)).replace(socket.connectionId, never, KEY);
  isLying = true;
  const entry = await registry.read(never, socket);
  assert.is(entry.connectionId, "old=");
  assert.match(told[0]!, /older than its last one/);
  await entry.replace(socket.connectionId, never, KEY);
  assert.match(at.store.read("hosts/pi.json")!, socket.connectionId);
  socket.close();
});

for (const admission of ["a".repeat(43), "open", undefined]) {
  test(`a host writes its own admission key where the relay shows ${admission}`, async () => {
    await using at = await startRegisteringRelay(
      forging((data) => ({ ...data, admission })),
    );
    await using host = await register(at, at.open());
    await host.until("online");
    assert.is(at.store.read("admission/pi.json"), JSON.stringify({ key: KEY }));
  });
}

test("an old entry that is put back is told of once, and replaced at the next check", async () => {
  await using at = await startRegisteringRelay();
  const told: string[] = [];
  await using first = await register(at, at.open());
  await first.until("online");
  const old = at.store.read("hosts/pi.json")!;
  first.socket.close();
  await using second = await register(at, at.open({ onForeign: (message) => told.push(message) }));
  await second.until("online");
  at.store.write("hosts/pi.json", old);
  const steps = second.states.length;
  // The relay's instance keeps an entry for three seconds.
  await until(async () => {
    second.wake.dispatchEvent(new Event("wake"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    return second.states.slice(steps).some(({ phase }) => phase === "writing");
  });
  await second.until("online");
  assert.is(told.length, 1);
  assert.match(told[0]!, /older than its last one/);
  assert.is((await at.open().read(never)).connectionId, second.socket.connectionId);
});

test.run();
