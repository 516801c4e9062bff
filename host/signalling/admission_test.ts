// The host's admissions at the relay: refused hosts introduce themselves, a change of the key is registered,
// and a flood of pages' messages does not put the host off line.
import * as assert from "uvu/assert";
import { DEFAULT_THROTTLES } from "../../stack/throttles.ts";
import { startFlood } from "../../tools/testing/forger.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { makeAdmission, OPEN } from "../../wire/mod.ts";
import type { BridgeConfig } from "../config/config.ts";
import { MemoryRegistry, startTestRelay, type TestRelay } from "../testing/relay.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { isRefused } from "./relay_errors.ts";
import { RelaySocket } from "./relay_socket.ts";
import { type HostAdmissions, Supervisor } from "./supervisor.ts";

const test = suite("host's admissions", { deadline: 30_000 });
const never = new AbortController().signal;

const KEY = "k".repeat(43);
const OTHER_KEY = "o".repeat(43);
const ORIGIN = "https://page.example";

/** A host that keeps itself registered. */
class TestHost implements AsyncDisposable {
  readonly events: string[] = [];
  readonly supervisor: Supervisor;
  readonly ended: Promise<unknown>;
  /** What it registers: it may be replaced. */
  registered: string;
  readonly #stop = new AbortController();

  constructor(relay: TestRelay, key = KEY, registry = new MemoryRegistry(relay)) {
    this.registered = key;
    const admissions: HostAdmissions = {
      value: () => makeAdmission(key, "laptop", Math.floor(Date.now() / 1000) + 60),
      registered: () => Promise.resolve(this.registered),
    };
    this.supervisor = new Supervisor({
      settings: () => ({ relay: relay.url, registry: { kind: "lambda-env" } }) as BridgeConfig,
      registry: () => registry,
      answer: () => Promise.resolve(undefined),
      admissions,
      log: (_level, event) => void this.events.push(event),
      signal: this.#stop.signal,
      timing: { checkInterval: 100 },
    });
    this.ended = this.supervisor.run().catch((error) => error);
  }

  online(): Promise<void> {
    return until(() => this.events.includes("online"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

const keyOf = ({ function: { environment } }: TestRelay) => environment.ADMISSION_KEY;

test("a host registers its key, and strangers are refused from then on", async () => {
  await using relay = await startTestRelay();
  (await RelaySocket.open(relay.url, never)).close();
  await using host = new TestHost(relay);
  await host.online();
  assert.is(keyOf(relay), KEY);
  assert.ok(host.supervisor.knowsAdmissions);
  const error = await failureOf(RelaySocket.open(relay.url, never));
  assert.ok(isRefused(error));
  assert.match(error.message, "admission key");
});

test("a host that the relay refuses writes its key, and tries again", async () => {
  await using relay = await startTestRelay();
  const environment = { ...relay.function.environment, ADMISSION_KEY: OTHER_KEY };
  relay.function.setEnvironment(environment, { staleFor: 0 });
  await using host = new TestHost(relay, KEY, new MemoryRegistry(relay, { propagation: 100 }));
  await host.online();
  assert.is(keyOf(relay), KEY);
  assert.equal(host.events.filter((event) => event === "relay-unreachable").length, 1);
});

test("a host whose key the relay's instances do not know yet only waits", async () => {
  await using relay = await startTestRelay();
  const registry = new MemoryRegistry(relay, { staleFor: 2_000 });
  const environment = { ...relay.function.environment, ADMISSION_KEY: OTHER_KEY };
  relay.function.setEnvironment(environment, { staleFor: 0 });
  await using host = new TestHost(relay, KEY, registry);
  await host.online();
  // One for the key, one for the connection.
  assert.is(registry.calls.filter((call) => call === "write").length, 2);
});

test("a host that is refused since another has taken its place ends, and leaves the key", async () => {
  await using relay = await startTestRelay();
  await using host = new TestHost(relay);
  await host.online();
  const changed = { LAPTOP_ID: "another=", ADMISSION_KEY: OTHER_KEY };
  relay.function.setEnvironment({ ...relay.function.environment, ...changed }, { staleFor: 0 });
  await relay.restart();
  assert.is((await host.ended as { code: string }).code, "replaced");
  assert.is(keyOf(relay), OTHER_KEY);
});

test("a key that changes while the host is online is registered at once", async () => {
  await using relay = await startTestRelay();
  await using host = new TestHost(relay);
  await host.online();
  for (const key of [OPEN, KEY]) {
    host.registered = key;
    host.supervisor.wake({ type: "settings" });
    await until(() => keyOf(relay) === key);
  }
  assert.is(host.events.filter((event) => event === "relay-lost").length, 0);
});

test("with a relay of an earlier version, the host registers no key, and needs none", async () => {
  await using relay = await startTestRelay({
    // It selects no subprotocol.
    onAnswer: ({ headers: _, ...answer }) => answer,
  });
  await using host = new TestHost(relay);
  await host.online();
  assert.is(keyOf(relay), OPEN);
  assert.not(host.supervisor.knowsAdmissions);
});

test("pages' messages above the throttle do not put the host off line", async () => {
  await using relay = await startTestRelay({ throttles: DEFAULT_THROTTLES });
  await using host = new TestHost(relay, OPEN);
  await host.online();
  const flood = { url: relay.url.href, origin: ORIGIN, perSecond: 100 };
  using forger = await startFlood({ ...flood, actions: ["sendSignal"] });
  await until(() => forger.messages > 300);
  assert.ok(forger.opened > 0);
  // It has checked its registration every 100 ms.
  assert.not(host.events.includes("registration-failed"));
  assert.is(host.events.filter((event) => event === "online").length, 1);
});

test.run();
