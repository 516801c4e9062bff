import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { startBridge } from "../tools/local/bridge.ts";
import { suite } from "../tools/testing/suite.ts";
import {
  formatSendSignal,
  type LighthouseError,
  parseRelayMessage,
  type RelayMessage,
  sendRequest,
  Session,
} from "../wire/mod.ts";
import { type HostTiming, runHost } from "./daemon.ts";
import { RelaySocket } from "./relay_socket.ts";
import { TestPage } from "./testing/page.ts";
import { MemoryRegistry, startTestRelay, type TestRelay } from "./testing/relay.ts";

const test = suite("daemon", { deadline: 30_000 });

/** A host in this process, which serves no page. */
class Host implements AsyncDisposable {
  /** What it logged. */
  readonly events: { event: string; text: string; connectionId?: string }[] = [];
  /** How it ended: undefined where it was stopped. */
  readonly ended: Promise<LighthouseError | undefined>;
  readonly #stop = new AbortController();
  readonly #watchers = new Set<() => void>();

  constructor(url: URL, registry: MemoryRegistry, timing: Partial<HostTiming> = {}) {
    this.ended = runHost({
      relay: url,
      functionName: "SignalingRelay",
      backend: new URL("http://127.0.0.1:9"),
      stun: [],
    }, {
      registry,
      log: (_level, event, text, fields) => {
        this.events.push({ event, text, ...fields });
        for (const look of this.#watchers) look();
      },
      signal: this.#stop.signal,
      timing,
    }).then(() => undefined, (error) => error);
  }

  /** Resolves with the count-th line of an event. */
  until(event: string, count = 1): Promise<{ text: string; connectionId?: string }> {
    const { promise, resolve } = Promise.withResolvers<{ text: string; connectionId?: string }>();
    const look = () => {
      const found = this.events.filter((each) => each.event === event)[count - 1];
      if (found) resolve(found);
    };
    this.#watchers.add(look);
    look();
    return promise;
  }

  count(event: string): number {
    return this.events.filter((each) => each.event === event).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

/** A page's WebSocket: it sends signals and waits for the answer to each. */
async function openSignalling(relay: TestRelay | { gateway: { url: string } }) {
  const url = relay.gateway.url;
  const socket = new WebSocket(url, { origin: "https://page.example" });
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  return {
    async ask(data: unknown): Promise<RelayMessage | undefined> {
      const { promise, resolve } = Promise.withResolvers<RelayMessage | undefined>();
      const listener = (text: unknown) => resolve(parseRelayMessage(String(text)));
      socket.once("message", listener);
      const timer = setTimeout(() => resolve(undefined), 3_000);
      socket.send(formatSendSignal({ data }));
      const answer = await promise;
      clearTimeout(timer);
      socket.off("message", listener);
      return answer;
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** An offer that the host refuses without more ado, so that many of them cost nothing. */
const REFUSED_OFFER = { type: "offer", sdp: "none" };

function typeOf(message: RelayMessage | undefined): unknown {
  return message?.kind === "signal" ? (message.data as { type: string }).type : message?.code;
}

for (const [staleFor, rotations] of [[0, 2], [1_000, 1]] as const) {
  test(`no offer is lost while links follow each other, with ${staleFor} ms of stale instances`, async () => {
    await using relay = await startTestRelay();
    const registry = new MemoryRegistry(relay, { propagation: 500, staleFor });
    // Longer than it takes to be online: propagation, stale instances, and pauses between probes.
    const timing = { linkLife: 2_000 + staleFor, grace: staleFor + 500 };
    await using host = new Host(relay.url, registry, timing);
    await host.until("online");
    // Until then some instances know of no host at all.
    await sleep(staleFor);
    using page = await openSignalling(relay);
    const answers: Record<string, number> = {};
    const deadline = performance.now() + 12_000;
    while (host.count("online") <= rotations) {
      assert.ok(performance.now() < deadline, JSON.stringify(host.events));
      const type = String(typeOf(await page.ask(REFUSED_OFFER)));
      answers[type] = (answers[type] ?? 0) + 1;
      // No faster than offers are taken.
      await sleep(50);
    }
    assert.equal(Object.keys(answers), ["refused"], JSON.stringify(answers));
    assert.ok(answers.refused! > 20, JSON.stringify(answers));
    assert.is(host.count("relay-lost"), 0);
  });
}

test("an old link is closed when its grace is over", async () => {
  await using relay = await startTestRelay();
  const timing = { linkLife: 600, grace: 100 };
  await using host = new Host(relay.url, new MemoryRegistry(relay), timing);
  const { connectionId: first } = await host.until("online");
  const { connectionId: second } = await host.until("online", 2);
  await host.until("online", 3);
  assert.is.not(first, second);
  const open = [...relay.gateway.connections.keys()];
  assert.not(open.includes(first!));
  assert.ok(open.length <= 2, `${open.length} are open`);
});

test("a host whose relay goes away connects and registers again", async () => {
  await using relay = await startTestRelay();
  await using host = new Host(relay.url, new MemoryRegistry(relay));
  const { connectionId } = await host.until("online");
  await relay.restart();
  assert.match((await host.until("relay-lost")).text, "1001 Going away");
  const again = await host.until("online", 2);
  assert.is.not(again.connectionId, connectionId);
  assert.is(relay.function.environment.LAPTOP_ID, again.connectionId);
  using page = await openSignalling(relay);
  assert.is(typeOf(await page.ask(REFUSED_OFFER)), "refused");
});

test("a link that is lost while its registration is proved is followed at once", async () => {
  await using relay = await startTestRelay();
  await using host = new Host(relay.url, new MemoryRegistry(relay));
  // The probe never comes back.
  relay.gateway.faults.dropMessage = (_id, text) =>
    text.includes("probe") && !text.includes('"me"');
  await host.until("registering");
  await relay.restart();
  const started = performance.now();
  await host.until("online");
  assert.ok(performance.now() - started < 2_000);
});

test("a LAPTOP_ID that somebody set to nobody is the host's again after its next check", async () => {
  await using relay = await startTestRelay();
  await using host = new Host(relay.url, new MemoryRegistry(relay), { checkInterval: 200 });
  const { connectionId } = await host.until("online");
  relay.register("init");
  await host.until("online", 2);
  assert.is(relay.function.environment.LAPTOP_ID, connectionId);
});

test("a LAPTOP_ID that names another host that is there ends this one as replaced", async () => {
  await using relay = await startTestRelay();
  const other = await RelaySocket.open(relay.url, new AbortController().signal);
  await using host = new Host(relay.url, new MemoryRegistry(relay), { checkInterval: 200 });
  await host.until("online");
  relay.register(other.connectionId);
  const error = await host.ended;
  assert.is(error?.code, "replaced");
  assert.match(error!.message, "Stop the other, then start this one again");
  assert.is(relay.function.environment.LAPTOP_ID, other.connectionId);
  other.close();
  await other.closed;
});

const malformed: [what: string, data: unknown][] = [
  ["that is text", "hello"],
  ["that is an array", []],
  ["of no type", {}],
  ["of an unknown type", { type: "fly" }],
  ["whose SDP is a number", { type: "offer", sdp: 1 }],
  ["whose SDP is empty", { type: "offer", sdp: "" }],
  ["whose SDP is too long", { type: "offer", sdp: "x".repeat(13_000) }],
];
test("each kind of malformed signal is refused as such, and the next offer is answered", async () => {
  await using relay = await startTestRelay();
  await using host = new Host(relay.url, new MemoryRegistry(relay));
  await host.until("online");
  using page = await openSignalling(relay);
  for (const [what, data] of malformed) {
    const answer = await page.ask(data);
    assert.is(typeOf(answer), "refused", `a signal ${what}`);
    const { code } = (answer as { data: { code: string } }).data;
    assert.is(code, "bad-message", `a signal ${what}`);
  }
  assert.is(host.count("signal-refused"), malformed.length);
  assert.is(typeOf(await page.ask(REFUSED_OFFER)), "refused");
});

for (const phase of ["starting", "registering", "online"]) {
  test(`a host that is stopped while ${phase} ends at once`, async () => {
    await using relay = await startTestRelay();
    const registry = new MemoryRegistry(relay);
    const host = new Host(relay.url, registry);
    if (phase === "registering") {
      relay.gateway.faults.dropMessage = (_id, text) =>
        text.includes("probe") && !text.includes('"me"');
    }
    if (phase !== "starting") await host.until(phase);
    const started = performance.now();
    await host[Symbol.asyncDispose]();
    assert.is(await host.ended, undefined);
    assert.ok(performance.now() - started < 1_000);
  });
}

test("a page's requests reach the backend, go on without the relay, and it is told of the end", async () => {
  await using bridge = await startBridge({ propagation: 100 });
  const host = bridge.startHost();
  await host.until("online");
  const { gateway: { url } } = bridge;
  await using page = await TestPage.connect(async (sdp) => {
    const socket = new WebSocket(url);
    await new Promise((resolve) => socket.on("open", resolve));
    const answered = new Promise((resolve) => socket.once("message", resolve));
    socket.send(formatSendSignal({ data: { type: "offer", sdp } }));
    const answer = parseRelayMessage(String(await answered)) as { data: { sdp: string } };
    socket.terminate();
    return answer.data.sdp;
  });

  const session = new Session(await page.channel);
  const get = async () => {
    const request = { method: "GET", target: "/api/notes", headers: [], body: null };
    const { status, body } = await sendRequest(session, request);
    await body?.cancel();
    return status;
  };
  assert.is(await get(), 200);
  assert.is(session.streams, 0);
  await bridge.stopGateway();
  await host.until("relay-lost");
  assert.is(await get(), 200);

  const started = performance.now();
  assert.is(await host.stop(), 0);
  assert.ok(performance.now() - started < 2_000);
  assert.match((await session.closed).message, "The other side closed");
});

test.run();
