import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { Signal } from "../../wire/mod.ts";
import { MemoryRegistry, startTestRelay, type TestRelay } from "../testing/relay.ts";
import { keepRegistered, type RegistrarOptions } from "./registrar.ts";
import type { Phase, Registration } from "./registration.ts";
import { RegistryError } from "./registry.ts";
import { RelaySocket } from "./relay_socket.ts";

const test = suite("registrar", { deadline: 15_000 });

/** Counts its listeners. */
class CountingTarget extends EventTarget {
  listening = 0;

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listening++;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    this.listening--;
    super.removeEventListener(...args);
  }
}

/** A connection that keeps itself registered. */
class Registrant implements AsyncDisposable {
  readonly socket: RelaySocket;
  readonly registry: MemoryRegistry;
  readonly wake = new CountingTarget();
  readonly states: Registration[] = [];
  /** How keepRegistered() ended: undefined if it resolved. */
  readonly ended: Promise<unknown>;
  readonly #stop = new AbortController();
  readonly #watchers = new Set<() => void>();

  static async start(relay: TestRelay, options: Partial<RegistrarOptions> = {}) {
    const registry = new MemoryRegistry(relay);
    return new Registrant(
      await RelaySocket.open(relay.url, new AbortController().signal),
      registry,
      options,
    );
  }

  constructor(socket: RelaySocket, registry: MemoryRegistry, options: Partial<RegistrarOptions>) {
    this.socket = socket;
    this.registry = registry;
    this.ended = keepRegistered(socket, registry, {
      mine: new Set([socket.connectionId]),
      takesOver: true,
      wake: this.wake,
      signal: this.#stop.signal,
      onChange: (state) => {
        this.states.push(state);
        for (const look of this.#watchers) look();
      },
      ...options,
    }).then(() => undefined, (error) => error);
  }

  /** Resolves with the first state, from now on, that is as asked for. */
  next(isWanted: (state: Registration) => boolean): Promise<Registration> {
    const from = this.states.length;
    return this.#find(isWanted, from);
  }

  /** Resolves when it is in a phase, or was. */
  until(phase: Phase): Promise<Registration> {
    return this.#find((state) => state.phase === phase, 0);
  }

  get phases(): Phase[] {
    const phases = this.states.map(({ phase }) => phase);
    return phases.filter((phase, at) => phase !== phases[at - 1]);
  }

  abort(): void {
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await this.ended;
    this.socket.close();
    await this.socket.closed;
  }

  #find(isWanted: (state: Registration) => boolean, from: number): Promise<Registration> {
    const { promise, resolve } = Promise.withResolvers<Registration>();
    const look = () => {
      const found = this.states.slice(from).find(isWanted);
      if (!found) return;
      this.#watchers.delete(look);
      resolve(found);
    };
    this.#watchers.add(look);
    look();
    return promise;
  }
}

test("a connection reads, writes, proves itself and is online", async () => {
  await using relay = await startTestRelay();
  await using host = await Registrant.start(relay);
  await host.until("online");
  assert.is(relay.function.environment.LAPTOP_ID, host.socket.connectionId);
  assert.equal(host.phases, ["reading", "writing", "proving", "online"]);
  assert.equal(host.registry.calls, ["read", "write"]);
});

test("checks go on while it is online, and cost one message each", async () => {
  await using relay = await startTestRelay();
  await using host = await Registrant.start(relay, { checkInterval: 50 });
  await host.until("online");
  const { messagesIn } = relay.gateway.counts;
  // Each check is two steps: the time has come, and the probe is back.
  for (let steps = 0; steps < 6; steps++) await host.next(() => true);
  assert.equal(host.phases, ["reading", "writing", "proving", "online"]);
  const cost = relay.gateway.counts.messagesIn - messagesIn;
  assert.ok(cost >= 3 && cost <= 4, `${cost} messages`);
  assert.equal(host.registry.calls, ["read", "write"]);
});

test("it is checked at once when the machine wakes", async () => {
  await using relay = await startTestRelay();
  await using host = await Registrant.start(relay);
  await host.until("online");
  relay.register("init");
  const again = host.next((state) => state.phase === "online");
  host.wake.dispatchEvent(new Event("wake"));
  await again;
  await host.next((state) => state.phase === "online");
  assert.is(relay.function.environment.LAPTOP_ID, host.socket.connectionId);
});

test("a second host takes over, and the first ends at once, told by the second", async () => {
  await using relay = await startTestRelay();
  await using first = await Registrant.start(relay);
  await first.until("online");
  await using second = await Registrant.start(relay);
  await second.until("online");
  assert.is(await first.ended, undefined);
  assert.is(first.states.at(-1)!.phase, "replaced");
  assert.is(relay.function.environment.LAPTOP_ID, second.socket.connectionId);
});

test("a LAPTOP_ID that is set to a connection that is gone is taken back", async () => {
  await using relay = await startTestRelay();
  const gone = await RelaySocket.open(relay.url, new AbortController().signal);
  gone.close();
  await gone.closed;
  await using host = await Registrant.start(relay, { checkInterval: 100 });
  await host.until("online");
  relay.register(gone.connectionId);
  const left = await host.next((state) => state.phase === "asking");
  assert.is(left.holder, gone.connectionId);
  await host.next((state) => state.phase === "online");
  assert.is(relay.function.environment.LAPTOP_ID, host.socket.connectionId);
});

test("a registry that fails is tried again, and the trouble is told", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, new AbortController().signal);
  const registry = new MemoryRegistry(relay);
  registry.failures.push(
    new RegistryError("transient", "throttled"),
    new RegistryError("conflict", "somebody else writes"),
  );
  await using host = new Registrant(socket, registry, {});
  await host.until("online");
  const troubles = new Set(host.states.map(({ trouble }) => trouble));
  assert.equal([...troubles], [undefined, "throttled", "somebody else writes"]);
  assert.equal(registry.calls, ["read", "read", "read", "write"]);
  assert.is(host.states.at(-1)!.trouble, undefined);
});

test("an error that is no RegistryError is tried again too", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, new AbortController().signal);
  const registry = new MemoryRegistry(relay);
  registry.failures.push(new TypeError("fetch failed") as unknown as RegistryError);
  await using host = new Registrant(socket, registry, {});
  await host.until("online");
  assert.ok(host.states.some(({ trouble }) => trouble === "fetch failed"));
});

test("answers to signals that were sent to pages do not disturb a probe", async () => {
  await using relay = await startTestRelay();
  await using host = await Registrant.start(relay);
  await host.until("online");
  const { connectionId } = host.socket;
  relay.gateway.faults.dropMessage = () => true;
  const probing = host.next((state) => state.phase === "online");
  host.wake.dispatchEvent(new Event("wake"));
  await probing;
  const error = (body: object) => relay.post(connectionId, JSON.stringify({ error: body }));
  await error({ code: "peer-gone", message: "gone", to: "page" });
  await error({ code: "not-allowed", message: "only the host", to: "page" });
  relay.gateway.faults.dropMessage = undefined;
  assert.equal(host.states.filter(({ trouble }) => trouble), []);
  assert.is(host.states.at(-1)!.phase, "online");
});

test("a connection that died while another host is asked for does not count as replaced", async () => {
  await using relay = await startTestRelay();
  const other = await RelaySocket.open(relay.url, new AbortController().signal);
  relay.register(other.connectionId);
  const socket = await RelaySocket.open(relay.url, new AbortController().signal);
  relay.gateway.faults.dropMessage = () => true;
  await using host = new Registrant(socket, new MemoryRegistry(relay), { takesOver: false });
  const { trouble, phase } = await host.next((state) => state.trouble !== undefined);
  assert.is(phase, "reading");
  assert.match(trouble!, "dead");
  assert.match(await socket.closed, /^1006/);
  other.close();
  await other.closed;
});

test("a probe that whoever took the place of this host sends on proves nothing", async () => {
  await using relay = await startTestRelay();
  await using host = await Registrant.start(relay);
  await host.until("online");
  const thief = await RelaySocket.open(relay.url, new AbortController().signal);
  thief.listeners.add((message) => {
    // What it gets of the host, it sends back to the host.
    if (message.kind === "signal" && message.from) thief.send(message.data as Signal, message.from);
  });
  relay.register(thief.connectionId);
  host.wake.dispatchEvent(new Event("wake"));
  assert.is(await host.ended, undefined, "it gives way, and so says that another is registered");
  assert.is(host.states.at(-1)!.phase, "replaced");
  thief.close();
  await thief.closed;
});

const phases: [phase: Phase, options: Partial<RegistrarOptions>][] = [
  ["reading", {}],
  ["proving", {}],
  ["online", {}],
  ["asking", { takesOver: false }],
];
for (const [phase, options] of phases) {
  test(`abort ends it at once while ${phase}, and leaves no listener`, async () => {
    await using relay = await startTestRelay();
    const socket = await RelaySocket.open(relay.url, new AbortController().signal);
    const registry = new MemoryRegistry(relay);
    if (phase === "reading") registry.failures.push(new RegistryError("owner", "denied"));
    if (phase === "asking") relay.register("other");
    // A probe is never answered.
    if (phase !== "online") relay.gateway.faults.dropMessage = () => true;
    await using host = new Registrant(socket, registry, options);
    await host.until(phase);
    if (phase === "reading") await host.next((state) => state.trouble === "denied");
    const started = performance.now();
    host.abort();
    assert.instance(await host.ended, Error);
    assert.ok(performance.now() - started < 1_500);
    assert.is(socket.listeners.size, 0);
    assert.is(host.wake.listening, 0);
    // The connection itself is not the registrar's to end.
    relay.gateway.faults.dropMessage = undefined;
    assert.is(await socket.check(new AbortController().signal), true);
  });
}

test.run();
