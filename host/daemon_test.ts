import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { startBridge } from "../tools/local/bridge.ts";
import { listen } from "../tools/testing/listen.ts";
import { suite } from "../tools/testing/suite.ts";
import { temporaryFolder } from "../tools/testing/temporary_folder.ts";
import { until } from "../tools/testing/until.ts";
import { type LighthouseError, type RelayMessage, sendRequest, type Signal } from "../wire/mod.ts";
import { untilIdle } from "../wire/testing/session_pair.ts";
import { FolderAccessList } from "./access/access_list.ts";
import { devicesFolder, readDevices, revokeDevice, writeDevice } from "./access/devices.ts";
import { readIdentity } from "./access/host_key.ts";
import { type HostConfig, parseConfig } from "./config/config.ts";
import { runHost } from "./daemon.ts";
import { endPeers } from "./peers/peer.ts";
import { RelaySocket } from "./signalling/relay_socket.ts";
import type { SupervisorTiming } from "./signalling/supervisor.ts";
import { accepted, outcomeOf, pairDevice, TestDevice } from "./testing/access.ts";
import { TestPage } from "./testing/page.ts";
import { MemoryRegistry, startTestRelay, type TestRelay } from "./testing/relay.ts";
import { openSignalling } from "./testing/signalling.ts";

const test = suite("daemon", { deadline: 60_000 });
// A page's channel may miss its end, and would keep the process alive.
test.after(() => endPeers());

/** All hosts' state folder, with a device that is paired. */
const state = join(temporaryFolder(), "state");
const identity = await readIdentity(state);

/** Several, since each has a limit of its own. */
const phones = await Promise.all(
  Array.from({ length: 8 }, (_, at) => pairDevice(state, identity, `phone ${at}`)),
);

function configOf(relay: URL, backend = new URL("http://127.0.0.1:9")): HostConfig {
  return parseConfig({ relay: relay.href, backend: backend.href, stun: "none" });
}

/** A host in this process, which serves no page. */
class Host implements AsyncDisposable {
  /** What it logged. */
  readonly events: { event: string; text: string; connectionId?: string }[] = [];
  /** How it ended: undefined if it was stopped. */
  readonly ended: Promise<LighthouseError | undefined>;
  readonly #changes = new EventTarget();
  #config: HostConfig;
  #registry: MemoryRegistry;
  readonly #stop = new AbortController();
  readonly #accessList = FolderAccessList.open(state, () => {});
  readonly #watchers = new Set<() => void>();

  constructor(url: URL, registry: MemoryRegistry, timing: Partial<SupervisorTiming> = {}) {
    this.#config = configOf(url);
    this.#registry = registry;
    this.ended = runHost({
      settings: () => this.#config,
      registry: () => this.#registry,
      changes: this.#changes,
      identity,
      accessList: this.#accessList,
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

  /** Changes its settings. */
  change(config: HostConfig, registry = this.#registry): void {
    this.#config = config;
    this.#registry = registry;
    this.#changes.dispatchEvent(new Event("change"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.ended;
    this.#accessList[Symbol.dispose]();
  }
}

/**
 * What comes of an offer that the host refuses, so that many of them cost nothing. Each has a socket of
 * its own, as a page's has: an answer may come twice.
 */
async function refusalOf(relay: TestRelay, phone = phones[0]!): Promise<string> {
  using page = await openSignalling(relay);
  let message: RelayMessage | undefined;
  const ask = async (data: unknown) => {
    message = await page.ask(data);
    return message?.kind === "signal" ? message.data as Signal : undefined;
  };
  const answer = await phone.offer(ask, { sdp: "none" });
  return message?.kind === "error" ? `relay: ${message.code}` : outcomeOf(answer);
}

function typeOf(message: RelayMessage | undefined): unknown {
  return message?.kind === "signal" ? (message.data as { type: string }).type : message?.code;
}

for (const [staleFor, rotations] of [[0, 2], [1_000, 1]] as const) {
  test(`no offer is lost while connections follow each other, with ${staleFor} ms of stale instances`, async () => {
    await using relay = await startTestRelay();
    const registry = new MemoryRegistry(relay, { propagation: 500, staleFor });
    // Longer than it takes to be online: propagation, stale instances, and pauses between probes.
    const timing = { connectionLife: 2_000 + staleFor, grace: staleFor + 500 };
    await using host = new Host(relay.url, registry, timing);
    await host.until("online");
    // Until then some instances know of no host at all.
    await sleep(staleFor);
    const answers: Record<string, number> = {};
    const deadline = performance.now() + 40_000;
    let asked = 0;
    // A busy machine answers few while the connections follow each other: then it is asked some more.
    for (; host.count("online") <= rotations || asked <= 20; asked++) {
      assert.ok(performance.now() < deadline, JSON.stringify(host.events));
      const type = await refusalOf(relay, phones[asked % phones.length]);
      answers[type] = (answers[type] ?? 0) + 1;
      // No faster than the devices' offers are taken.
      await sleep(70);
    }
    assert.equal(Object.keys(answers), ["bad-offer"], JSON.stringify(answers));
    assert.ok(answers["bad-offer"]! > 20, JSON.stringify(answers));
    assert.is(host.count("relay-lost"), 0);
  });
}

test("an old connection is closed when its grace is over", async () => {
  await using relay = await startTestRelay();
  const timing = { connectionLife: 1_500, grace: 100 };
  await using host = new Host(relay.url, new MemoryRegistry(relay), timing);
  const { connectionId: first } = await host.until("online");
  const { connectionId: second } = await host.until("online", 2);
  await host.until("online", 3);
  assert.is.not(first, second);
  // At its own time each, while others are opened.
  const { connections } = relay.gateway;
  await until(() => !connections.has(first!) && connections.size <= 2);
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
  assert.is(await refusalOf(relay), "bad-offer");
});

test("a connection that is lost while its registration is proved is followed at once", async () => {
  await using relay = await startTestRelay();
  await using host = new Host(relay.url, new MemoryRegistry(relay));
  // The probe never comes back.
  relay.gateway.faults.dropMessage = (_id, text) =>
    text.includes("probe") && !text.includes('"me"');
  await host.until("registering");
  await relay.restart();
  const started = performance.now();
  await host.until("online");
  assert.ok(performance.now() - started < 5_000);
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
  ["that is not sealed", { type: "offer", sdp: "v=0" }],
  ["that is sealed by another version", { type: "sealed-offer", v: 2 }],
  ["that is too long", { type: "sealed-offer", v: 1, ct: "A".repeat(13_000) }],
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
  assert.is(await refusalOf(relay), "bad-offer");
});

test("a device that is revoked is out within a second, connected or not", async () => {
  await using relay = await startTestRelay();
  await using host = new Host(relay.url, new MemoryRegistry(relay));
  await host.until("online");
  const tablet = await pairDevice(state, identity, "tablet");
  using socket = await openSignalling(relay);
  const ask = async (data: unknown) => {
    const message = await socket.ask(data);
    return message?.kind === "signal" ? message.data as Signal : undefined;
  };
  await using page = await TestPage.connect(async (sdp) => {
    return accepted(await tablet.offer(ask, { sdp }));
  });
  const detached = Promise.withResolvers<LighthouseError>();
  const session = await page.startSession({ onDetached: detached.resolve });
  const started = performance.now();
  await revokeDevice(devicesFolder(state), tablet.id);
  assert.is((await detached.promise).code, "device-revoked");
  assert.ok(performance.now() - started < 3_000);
  await page.closed;
  session.close();
  assert.is(outcomeOf(await tablet.offer(ask)), "device-revoked");
  assert.match((await host.until("device-revoked")).text, "“tablet” is revoked");
});

test("settings that change are taken over, and a page that is connected stays so", async () => {
  await using relay = await startTestRelay();
  await using host = new Host(relay.url, new MemoryRegistry(relay));
  await host.until("online");
  const phone = await pairDevice(state, identity, "who stays");
  using socket = await openSignalling(relay);
  await using page = await TestPage.connect(async (sdp) => {
    const answer = await phone.offer(async (data) => {
      const message = await socket.ask(data);
      return message?.kind === "signal" ? message.data as Signal : undefined;
    }, { sdp });
    return accepted(answer);
  });
  const session = await page.startSession();
  const get = async (target: string) => {
    const { status, body } = await sendRequest(session, {
      method: "GET",
      target,
      headers: [],
      body: null,
    });
    await body?.cancel();
    return status;
  };
  // Nobody listens there.
  assert.is(await get("/"), 502);
  await using backend = await listen(createServer((_request, response) => response.end("here")));
  const config = configOf(relay.url, new URL(backend.url));
  host.change(config);
  assert.is(await get("/"), 200);
  const [service] = config.services;
  host.change({ ...config, services: [{ ...service!, prefix: "/only" }] });
  assert.is(await get("/"), 404);
  assert.is(await get("/only/x"), 200);

  // Another relay, too.
  await using other = await startTestRelay();
  host.change({ ...config, relay: other.url }, new MemoryRegistry(other));
  const { connectionId } = await host.until("online", 2);
  assert.is(other.function.environment.LAPTOP_ID, connectionId);
  assert.is(await get("/"), 200);
  assert.is(host.count("relay-lost"), 0);
  assert.is(await refusalOf(other, phone), "bad-offer");
  session.close();
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
    assert.ok(performance.now() - started < 3_000);
  });
}

/** A backend with a login as Flask's sessions make it: the cookie lasts for a month. */
async function startLogin() {
  const expires = new Date(Date.now() + 31 * 24 * 3_600_000).toUTCString();
  const server = createServer(({ method, url, headers }, response) => {
    if (method === "POST" && url === "/login") {
      const session = `session=eyJ1c2VyIjoibWUifQ.1; Expires=${expires}; HttpOnly; Path=/`;
      response.setHeader("set-cookie", [session, "tab=1"]);
    }
    response.end(headers.cookie ?? "nobody");
  });
  return await listen(server);
}

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`a device's login survives a restart of its host after ${signal}, and not its revocation`, async () => {
    await using login = await startLogin();
    await using bridge = await startBridge({
      propagation: 100,
      isPublic: false,
      backend: login.url,
    });
    const phone = await pairDevice(bridge.state, bridge.identity, "phone");
    const origin = bridge.page.origins[0]!;
    const [known] = readDevices(devicesFolder(bridge.state));
    await writeDevice(devicesFolder(bridge.state), { ...known!, origin });
    /** What a page of the phone's is answered. */
    const ask = async (method: string, target: string) => {
      await using page = await TestPage.connect(async (sdp) => {
        using socket = await openSignalling(bridge);
        const answer = await phone.offer(async (data) => {
          const message = await socket.ask(data);
          return message?.kind === "signal" ? message.data as Signal : undefined;
        }, { sdp, origin });
        return accepted(answer);
      });
      const session = await page.startSession();
      const answer = await sendRequest(session, { method, target, headers: [], body: null });
      const text = await new Response(answer.body).text();
      session.close();
      return text;
    };
    const first = bridge.startHost();
    await first.until("online");
    assert.is(await ask("GET", "/"), "nobody");
    await ask("POST", "/login");
    assert.is(await ask("GET", "/"), "session=eyJ1c2VyIjoibWUifQ.1; tab=1");
    const cookies = join(bridge.state, "cookies");
    const files = () => readdirSync(cookies).filter((name) => name.endsWith(".json"));
    if (signal === "SIGKILL") await until(() => files().length === 1);
    await first.stop(signal);
    assert.is(files().length, 1);

    const second = bridge.startHost();
    await second.until("online");
    // The session cookie has gone with the process.
    assert.is(await ask("GET", "/"), "session=eyJ1c2VyIjoibWUifQ.1");
    await revokeDevice(devicesFolder(bridge.state), phone.id);
    await until(() => files().length === 0);
    const printed = [...first.lines, ...second.lines].map((line) => JSON.stringify(line)).join();
    assert.not.match(printed, "eyJ1c2VyIjoibWUifQ");
  });
}

test("a page's requests reach the backend, go on without the relay, and it is told of the end", async () => {
  await using bridge = await startBridge({ propagation: 100 });
  const host = bridge.startHost();
  await host.until("online");
  const stranger = await TestDevice.create(bridge.identity);
  await using page = await TestPage.connect(async (sdp) => {
    using socket = await openSignalling(bridge);
    const answer = await stranger.offer(async (data) => {
      const message = await socket.ask(data);
      return message?.kind === "signal" ? message.data as Signal : undefined;
    }, { sdp, origin: bridge.page.origins[0] });
    return accepted(answer);
  });

  const goodbye = Promise.withResolvers<LighthouseError>();
  const session = await page.startSession({ onDetached: goodbye.resolve });
  const get = async () => {
    const request = { method: "GET", target: "/api/notes", headers: [], body: null };
    const { status, body } = await sendRequest(session, request);
    await body?.cancel();
    return status;
  };
  assert.is(await get(), 200);
  await untilIdle(session);
  await bridge.stopGateway();
  await host.until("relay-lost");
  assert.is(await get(), 200);

  const started = performance.now();
  assert.is(await host.stop(), 0);
  assert.ok(performance.now() - started < 2_800);
  assert.match((await goodbye.promise).message, "The host closed the connection");
  session.close();
});

test.run();
