// The registry `relay`: real hosts' sockets, the built relay, and the store in which the relay writes.
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { isSignedBy, proveHost, readHostEntry, toBase64url } from "../../wire/mod.ts";
import {
  identity,
  KEY,
  register,
  startRegisteringRelay,
  stranger,
} from "../testing/registering_relay.ts";
import { registryFailure } from "../testing/registry.ts";
import { startTestRelay } from "../testing/relay.ts";
import { relayRegistry } from "./registry_relay.ts";
import { RelaySocket } from "./relay_socket.ts";

const test = suite("registry relay", { deadline: 30_000 });
const never = new AbortController().signal;

test("a host without AWS credentials connects, registers, and leaves", async () => {
  await using at = await startRegisteringRelay();
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
  await using at = await startRegisteringRelay();
  const error = await at.connect(at.open({ identity: stranger })).then(() => {}, (error) => error);
  assert.match(
    error.message,
    /not deployed with this host's key.*lighthouse-host key.*hostKeys, as pi=KEY, and deploy it/,
  );
});

for (
  const [what, off, expected] of [
    ["late", -7_500_000, /clock is 2 hours behind the relay's: set it right/],
    ["early", 600_000, /clock is 10 minutes ahead of the relay's: set it right/],
  ] as const
) {
  test(`a host whose clock is ${what} is told so`, async () => {
    await using at = await startRegisteringRelay();
    const { publicKey: hostKey, signingKey } = identity;
    const proof = await proveHost({ host: "pi", hostKey, signingKey }, Date.now() + off);
    const opening = RelaySocket.open(at.relay.url, never, { host: "pi", proof });
    const error = await opening.then(() => {}, (error) => error);
    assert.match(error.message, expected);
  });
}

test("a host whose key is taken from the stack while it is connected is told what to do", async () => {
  await using at = await startRegisteringRelay();
  const registry = at.open();
  const socket = await at.connect(registry);
  const { environment } = at.relay.function;
  const HOST_KEYS = `pi=${toBase64url(stranger.publicKey)}`;
  at.relay.function.setEnvironment({ ...environment, HOST_KEYS }, { staleFor: 0 });
  const { kind, message } = await registryFailure(registry.read(never, socket));
  assert.is(kind, "owner");
  assert.match(
    message,
    /not deployed with the key.*\. Add what lighthouse-host key prints.*hostKeys/,
  );
  socket.close();
});

test("of two processes with the same key, one registers, and the other is told of the conflict", async () => {
  await using at = await startRegisteringRelay();
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

test("a host gets online, and so does one after it, which the first gives way to", async () => {
  await using at = await startRegisteringRelay();
  await using first = await register(at, at.open());
  await first.until("online");
  await using second = await register(at, at.open());
  await second.until("online");
  await first.until("replaced");
});

test("a relay of an earlier version, or of another registry, is named as the cause", async () => {
  await using relay = await startTestRelay();
  const registry = relayRegistry({ relay: relay.url, identity });
  const failure = await registryFailure(registry.read(never));
  assert.is(failure.kind, "owner");
  assert.match(
    failure.message,
    /earlier version, or the stack has another registry: run pulumi up/,
  );
});

test.run();
