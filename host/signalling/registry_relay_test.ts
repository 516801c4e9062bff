// The registry `relay`: real hosts' sockets, the built relay, and the store in which the relay writes.
import { createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { type ObjectStore, startObjectStore } from "../../tools/local/object_store.ts";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { isSignedBy, parseRelayMessage, readHostEntry, toBase64url } from "../../wire/mod.ts";
import { type Identity, readIdentity } from "../access/host_key.ts";
import { registryFailure } from "../testing/registry.ts";
import { startTestRelay, type TestRelay } from "../testing/relay.ts";
import { keepRegistered } from "./registrar.ts";
import type { Registration } from "./registration.ts";
import { relayRegistry, type RelayRegistryOptions } from "./registry_relay.ts";
import { RelaySocket } from "./relay_socket.ts";

const test = suite("registry relay", { deadline: 30_000 });
const never = new AbortController().signal;

const BUCKET = "registry";
const KEY = "k".repeat(43);

const state = join(temporaryFolder(), "state");
const identity = await readIdentity(state);
const stranger = await readIdentity(`${state}-2`);

interface Setup extends AsyncDisposable {
  relay: TestRelay;
  store: ObjectStore;
  open(options?: Partial<RelayRegistryOptions>): ReturnType<typeof relayRegistry>;
  /** Opens a host's connection. */
  connect(registry: ReturnType<typeof relayRegistry>): Promise<RelaySocket>;
}

/** @param forge Changes what the relay says to the host, as a relay that lies could. */
async function setUp(forge?: (text: string) => string): Promise<Setup> {
  await using stack = new AsyncDisposableStack();
  const keys = { "local-access-key": "local-secret-key" };
  const store = stack.use(await startObjectStore({ bucket: BUCKET, keys }));
  let gateway = "";
  const liar = createServer(async (request, response) => {
    const body = forge!(await text(request));
    const { status } = await fetch(gateway + request.url, { method: request.method, body });
    response.writeHead(status).end();
  });
  const lying = forge && await listen(liar);
  if (lying) stack.defer(() => lying.close());
  const relay = stack.use(
    await startTestRelay({
      environment: {
        ...lying && { AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: lying.url },
        REGISTRY_BUCKET: BUCKET,
        HOSTS: "pi",
        HOST_KEYS: `pi=${toBase64url(identity.publicKey)}`,
        AWS_ENDPOINT_URL_S3: store.endpoint,
      },
    }),
  );
  gateway = relay.gateway.endpoint;
  const parts = stack.move();
  return {
    relay,
    store,
    open: (options) => relayRegistry({ relay: relay.url, host: "pi", identity, ...options }),
    connect: async (registry) => {
      const proof = await registry.prove();
      return await RelaySocket.open(relay.url, never, { host: "pi", proof });
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

test("a host without AWS credentials connects, registers, and leaves", async () => {
  await using at = await setUp();
  const registry = at.open();
  assert.equal(registry.rights, [], "it needs none");
  const socket = await at.connect(registry);
  const entry = await registry.read(never, socket);
  assert.is(entry.connectionId, undefined);
  await entry.replace(socket.connectionId, never, KEY);
  const written = await readHostEntry(new Response(at.store.read("hosts/pi.json")), "pi");
  assert.is(written.connectionId, socket.connectionId);
  assert.ok(await isSignedBy(written, identity.publicKey));
  assert.is(at.store.read("admission/pi.json"), JSON.stringify({ key: KEY }));
  // By a connection of its own, as the doctor reads it.
  const { connectionId, admission } = await registry.read(never);
  assert.equal([connectionId, admission], [socket.connectionId, KEY]);
  const calls = at.store.calls.length;
  await registry.withdraw(never);
  assert.is((await registry.read(never)).connectionId, undefined);
  assert.ok(
    at.store.calls.slice(calls).every(({ accessKeyId }) => accessKeyId === "local-access-key"),
  );
  await at.open().withdraw(never);
  socket.close();
});

test("a host whose key the relay does not know is told what to do", async () => {
  await using at = await setUp();
  const error = await at.connect(at.open({ identity: stranger })).then(() => {}, (error) => error);
  assert.match(error.message, /not deployed with this host's key.*lighthouse-host key.*hostKeys/);
});

test("of two processes with the same key, one registers, and the other is told of the conflict", async () => {
  await using at = await setUp();
  const registries = [at.open(), at.open()];
  const sockets = await Promise.all(registries.map(at.connect));
  const entries = await Promise.all(
    registries.map((each, index) => each.read(never, sockets[index])),
  );
  await entries[0]!.replace(sockets[0]!.connectionId, never, KEY);
  const failure = await registryFailure(entries[1]!.replace(sockets[1]!.connectionId, never, KEY));
  assert.is(failure.kind, "conflict");
  // The one that came too late does not take the other's entry away when it leaves.
  await registries[1]!.withdraw(never);
  assert.is((await at.open().read(never)).connectionId, sockets[0]!.connectionId);
  for (const socket of sockets) socket.close();
});

/** Keeps a connection registered, as the host does. */
async function register(at: Setup, registry: ReturnType<typeof relayRegistry>) {
  const socket = await at.connect(registry);
  const states: Registration[] = [];
  const stop = new AbortController();
  const wake = new EventTarget();
  const ended = keepRegistered(socket, registry, {
    mine: new Set([socket.connectionId]),
    takesOver: true,
    admission: () => Promise.resolve(KEY),
    wake,
    onChange: (state) => states.push(state),
    signal: stop.signal,
  }).catch(() => {});
  return {
    socket,
    wake,
    states,
    until: (phase: string) => until(() => states.at(-1)?.phase === phase),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      socket.close();
    },
  };
}

test("a host gets online, and so does one after it, which the first gives way to", async () => {
  await using at = await setUp();
  await using first = await register(at, at.open());
  await first.until("online");
  await using second = await register(at, at.open());
  await second.until("online");
  await first.until("replaced");
});

test("an old entry that is put back is told of once, and replaced at the next check", async () => {
  await using at = await setUp();
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

/** An answer of the registry, changed. */
function forging(change: (data: Record<string, unknown>) => unknown) {
  return (text: string) => {
    const message = parseRelayMessage(text);
    if (message.kind !== "signal" || message.from !== "registry") return text;
    return JSON.stringify({
      from: "registry",
      data: change(message.data as Record<string, unknown>),
    });
  };
}

for (
  const [what, forge, expected] of [
    [
      "says that it has written, and has not",
      forging(({ nonce }) => ({ nonce, revision: '"made-up"' })),
      /proving|reading|writing/,
    ],
    [
      "answers with the nonce of another question",
      forging((data) => ({ ...data, nonce: "x" })),
      /reading/,
    ],
    ["answers with nonsense", forging(({ nonce }) => ({ nonce, entry: 7 })), /reading/],
    [
      "answers with an admission key as long as a book",
      forging((data) => ({
        ...data,
        admission: "a".repeat(20_000),
      })),
      /reading/,
    ],
  ] as [string, (text: string) => string, RegExp][]
) {
  test(`behind a relay that ${what}, a host does not believe that it is registered`, async () => {
    await using at = await setUp(forge);
    await using host = await register(at, at.open());
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.match(host.states.at(-1)!.phase, expected);
    assert.not.ok(host.states.some(({ phase }) => phase === "online"));
  });
}

test("a forged entry is told of, once, and is not the host's", async () => {
  const told: string[] = [];
  const entry = {
    host: "pi",
    connectionId: "thief=",
    time: Date.now(),
    hostKey: toBase64url(stranger.publicKey),
    signature: "A".repeat(86),
  };
  await using at = await setUp(forging((data) => ({ ...data, revision: '"theirs"', entry })));
  const registry = at.open({ onForeign: (message) => told.push(message) });
  await registry.read(never);
  await registry.read(never);
  assert.is(told.length, 1);
  assert.match(told[0]!, /was not written by this host's key/);
});

test("a relay of an earlier version, or of another registry, is named as the cause", async () => {
  await using relay = await startTestRelay();
  const registry = relayRegistry({ relay: relay.url, identity: identity as Identity });
  const failure = await registryFailure(registry.read(never));
  assert.is(failure.kind, "owner");
  assert.match(
    failure.message,
    /earlier version, or the stack has another registry: run pulumi up/,
  );
});

test.run();
