import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  Carrier,
  LighthouseError,
  RelayedChannel,
  type RelayedKeys,
  sendRequest,
  type Session,
  type SessionOptions,
} from "../../wire/mod.ts";
import { pattern } from "../../wire/testing/bytes.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { relayedKeys } from "../../wire/testing/relayed_pair.ts";
import { pageSession } from "../../wire/testing/session_pair.ts";
import { Memory } from "../access/memory.ts";
import type { Principal } from "../access/principal.ts";
import { costOf, relayedMessage } from "../signalling/prices.ts";
import {
  MAX_PREPARED,
  MAX_PREPARED_OF_DEVICE,
  MAX_RELAYED_OF_DEVICE,
  RelayedChannels,
  type RelayedOptions,
} from "./relayed.ts";
import { type Claim, Sessions } from "./sessions.ts";

const test = suite("relayed channels", { deadline: 60_000 });

const PHONE: Principal = { id: "1", origin: "https://me.example", name: "phone" };
const TABLET: Principal = { id: "2", origin: "https://me.example", name: "tablet" };
const STRANGER: Principal = { id: "3", origin: "https://me.example" };
const PROOF = pattern(32, 7);

/** All channels of pages, which repeat their messages until they end. */
const channels: RelayedChannel[] = [];

/** A page's end of a channel through a relay in memory, which counts and may lose messages. */
class Page {
  readonly channel: RelayedChannel;
  /** Texts that the page has sent, and the host to it. */
  readonly sent: string[] = [];
  readonly heard: string[] = [];
  readonly keys: RelayedKeys;

  constructor(host: Host, from: string, keys: RelayedKeys) {
    this.keys = keys;
    this.channel = new RelayedChannel({
      send: (ct) => {
        this.sent.push(ct);
        host.deliver(from, ct);
      },
    });
    channels.push(this.channel);
  }

  start(): void {
    this.channel.start(this.keys, { rate: 1000, burst: 1000 });
  }

  hear(ct: string): void {
    this.heard.push(ct);
    this.channel.receive(ct);
  }
}

/** A host's channels and sessions. */
class Host {
  readonly channels: RelayedChannels;
  readonly sessions: Sessions;
  readonly pages = new Map<string, Page>();
  readonly events: string[] = [];
  readonly memory = new Memory();
  readonly spending = { limit: 1, spent: 0, strangers: 0 };
  readonly settings = { throttles: { connects: 200, messages: 1000 } };
  /** Numbers of connections whose keys were asked for. */
  derived = 0;

  constructor(options: Partial<RelayedOptions> = {}) {
    const log = (_level: string, event: string) => void this.events.push(event);
    hosts.add(this);
    this.sessions = new Sessions({
      handler: ({ target }) =>
        Promise.resolve({ status: 200, statusText: target, headers: [], body: null }),
      log,
    });
    const { spending } = this;
    this.channels = new RelayedChannels({
      settings: () => this.settings,
      send: (ct, to) => {
        this.#spend(ct.length);
        this.pages.get(to)?.hear(ct);
      },
      budget: {
        get limit() {
          return spending.limit;
        },
        get spent() {
          return spending.spent;
        },
        get left() {
          return Math.max(0, spending.limit - spending.spent);
        },
        get leftForStrangers() {
          return Math.max(0, Math.min(this.left, spending.limit / 2 - spending.strangers));
        },
      },
      memory: this.memory,
      onOpen: (channel, claim) => {
        this.sessions.take(channel, "relayed", claim).catch(({ code }) => this.events.push(code));
      },
      log,
      ...options,
    });
  }

  deliver(from: string, ct: string): void {
    this.#spend(ct.length);
    this.channels.receive(from, { type: "relayed", v: 1, ct });
  }

  /** Prepares a channel. @returns The page's end, which says nothing yet. */
  async prepare(from: string, principal = PHONE): Promise<Page> {
    const keys = await relayedKeys();
    const page = new Page(this, from, keys.page);
    this.pages.set(from, page);
    const claim: Claim = { principal, proof: PROOF };
    this.channels.prepare(from, claim, () => {
      this.derived++;
      return Promise.resolve(keys.host);
    });
    return page;
  }

  /** A page with a session. */
  async connect(from: string, principal = PHONE) {
    const page = await this.prepare(from, principal);
    const { promise: detached, resolve: onDetached } = Promise.withResolvers<LighthouseError>();
    const session = await begin(page, PROOF, { onDetached });
    return { page, session, detached };
  }

  #spend(length: number): void {
    this.spending.spent += costOf(relayedMessage(length + 100));
  }
}

const hosts = new Set<Host>();
const sessions = new Set<Session>();

test.after(async () => {
  for (const session of sessions) session.close();
  for (const { channels, sessions } of hosts) {
    await Promise.all([channels.close(), sessions.close()]);
  }
});

/** Begins a session. */
async function begin(page: Page, proof = PROOF, options: Partial<SessionOptions> = {}) {
  const session = pageSession(options);
  sessions.add(session);
  page.start();
  await session.connect(new Carrier(page.channel), { proof });
  return session;
}

test("a page's session goes through the relay, and the host says nothing first", async () => {
  const host = new Host();
  const page = await host.prepare("a");
  assert.equal([host.channels.prepared, host.channels.count, host.derived], [1, 0, 0]);
  assert.is(page.heard.length, 0);
  const session = await begin(page);
  assert.equal([host.channels.prepared, host.channels.count, host.derived], [0, 1, 1]);
  const request = { method: "GET", target: "/x", headers: [], body: null };
  assert.is((await sendRequest(session, request)).statusText, "/x");
  assert.equal(host.sessions.pages.map(({ way }) => way), ["relayed"]);
  session.close();
  await until(() => host.channels.count === 0);
});

test("messages from unknown connections, and what is no signal, change nothing", async () => {
  const host = new Host();
  const page = await host.prepare("a");
  host.channels.receive("b", { type: "relayed", v: 1, ct: "AAAA" });
  for (const data of [null, {}, { type: "relayed" }, { type: "relayed", v: 1, ct: 5 }, "relayed"]) {
    host.channels.receive("a", data);
  }
  host.channels.gone("b");
  host.channels.throttled();
  assert.is(host.derived, 0);
  assert.equal([host.channels.prepared, page.heard.length], [1, 0]);
  host.channels.evict(PHONE.id);
});

test("what is not genuine opens nothing, and the page's own messages still do", async () => {
  const host = new Host();
  const page = await host.prepare("a");
  for (let at = 0; at < 3; at++) host.deliver("a", "A".repeat(100 + at));
  await until(() => host.derived === 1);
  assert.equal([host.channels.prepared, page.heard.length], [1, 0]);
  await begin(page);
  assert.is(host.channels.count, 1);
});

test("a page without the proof of its offer is refused", async () => {
  const host = new Host();
  const page = await host.prepare("a");
  const { code } = await failureOf(begin(page, pattern(32, 8)));
  assert.is(code, "bad-seal");
  assert.equal(host.events, ["bad-seal"]);
  await until(() => host.channels.count === 0);
});

test("a prepared channel without a page's message is released", async () => {
  const host = new Host({ openTimeout: 1 });
  await host.prepare("a");
  await until(() => host.channels.prepared === 0);
  host.deliver("a", "AAAA");
  assert.is(host.derived, 0);
});

test("a further offer on the same connection takes the place of the first", async () => {
  const host = new Host();
  const first = await host.prepare("a");
  const second = await host.prepare("a");
  await Promise.resolve();
  assert.is(host.channels.prepared, 1);
  first.start();
  first.channel.send(pattern(10));
  await begin(second);
  assert.is(host.channels.count, 1);
});

test("a device has 8 prepared channels, all devices 64, and the oldest goes", async () => {
  const host = new Host();
  for (let at = 0; at < MAX_PREPARED_OF_DEVICE + 3; at++) await host.prepare(`phone ${at}`);
  assert.is(host.channels.prepared, MAX_PREPARED_OF_DEVICE);
  for (let at = 0; at < MAX_PREPARED + 10; at++) {
    await host.prepare(`other ${at}`, { ...TABLET, id: `device ${at}` });
  }
  assert.is(host.channels.prepared, MAX_PREPARED);
  for (let at = 0; at < MAX_PREPARED + 10; at++) host.channels.evict(`device ${at}`);
  host.channels.evict(PHONE.id);
  await until(() => host.channels.prepared === 0);
});

test("strangers push out each other's prepared channels, and no device's", async () => {
  const host = new Host();
  const phone = await host.prepare("phone");
  for (let at = 0; at < MAX_PREPARED + 10; at++) {
    await host.prepare(`${at}`, { id: `stranger ${at}`, origin: PHONE.origin });
  }
  assert.is(host.channels.prepared, MAX_PREPARED);
  await begin(phone);
  assert.is(host.channels.count, 1);
});

test("one more open channel of a device takes the place of its oldest", async () => {
  const host = new Host();
  const pages = [];
  for (let at = 0; at < MAX_RELAYED_OF_DEVICE; at++) pages.push(await host.connect(`${at}`));
  const other = await host.connect("other", TABLET);
  const last = await host.connect("last");
  await pages[0]!.detached;
  assert.is(host.channels.count, MAX_RELAYED_OF_DEVICE + 1);
  assert.equal([other, last].map(({ session }) => session.carriers), [1, 1]);
});

test("a page's connection that has ended ends its channel, and the session waits", async () => {
  const host = new Host();
  const { session } = await host.connect("a");
  host.channels.gone("a");
  await until(() => host.events.includes("page-away"));
  assert.is(host.channels.count, 0);
  assert.is(session.carriers, 1);
});

test("more messages a second than a page may send are dropped, and the keys are asked for once", async () => {
  const host = new Host();
  host.settings.throttles.messages = 1;
  await host.prepare("a");
  const { taken } = host.memory;
  for (let at = 0; at < 50; at++) host.deliver("a", "A".repeat(10_000));
  // Four are within the tolerance of a burst of one.
  assert.is(host.memory.taken - taken, 40_000);
  await until(() => host.memory.taken === taken);
  assert.is(host.derived, 1);
});

test("a principal that is evicted loses what is prepared, and its sessions", async () => {
  const host = new Host();
  const { detached } = await host.connect("a");
  await host.prepare("b");
  const other = await host.connect("c", TABLET);
  const reason = new LighthouseError("device-revoked", "Out");
  host.channels.evict(PHONE.id);
  host.sessions.evict(PHONE.id, reason);
  assert.is((await detached).code, "device-revoked");
  await until(() => host.channels.count === 1 && host.channels.prepared === 0);
  assert.is(other.session.carriers, 1);
});

test("close() waits until the pages have heard the goodbye", async () => {
  const host = new Host();
  const { detached } = await host.connect("a");
  await host.prepare("b");
  await Promise.all([host.channels.close(), host.sessions.close()]);
  await detached;
  assert.equal([host.channels.count, host.channels.prepared], [0, 0]);
});

test("an answer proposes a part of the throttle; nothing with a budget of 0, or a spent one", () => {
  const host = new Host();
  host.settings.throttles.messages = 10;
  assert.equal(host.channels.propose(PHONE), { rate: 8, burst: 10 });
  host.spending.limit = 0;
  assert.equal(host.channels.propose(PHONE), { off: "off" });
  assert.equal(host.events, []);
  host.spending.limit = 0.01;
  host.spending.spent = 0.00995;
  assert.equal(host.channels.propose(PHONE), { off: "spent" });
  assert.equal(host.channels.propose(PHONE), { off: "spent" });
  assert.equal(host.events, ["relay-budget-spent"]);
  // A larger budget counts at once.
  host.spending.limit = 0.02;
  assert.equal(host.channels.propose(PHONE), { rate: 8, burst: 10 });
});

test("the channels end before the budget is exceeded, and the log says so once", async () => {
  const host = new Host();
  host.settings.throttles.messages = 10;
  host.spending.limit = 0.0005;
  const one = await host.connect("a");
  const other = await host.connect("b", TABLET);
  const request = { method: "GET", target: "/", headers: [], body: null };
  let answered = 0;
  const ask = async (): Promise<void> => {
    await sendRequest(one.session, request);
    answered++;
    await ask();
  };
  ask().catch(() => {});
  await Promise.all([one.detached, other.detached]);
  assert.ok(answered > 3, `${answered} answers`);
  assert.ok(host.spending.spent <= host.spending.limit, `${host.spending.spent}`);
  assert.equal(host.events.filter((event) => event === "relay-budget-spent"), [
    "relay-budget-spent",
  ]);
  assert.equal(host.channels.propose(PHONE), { off: "spent" });
  await until(() => host.channels.count === 0);
});

test("strangers spend half of the budget at most, and devices go on", async () => {
  const host = new Host();
  host.settings.throttles.messages = 10;
  host.spending.limit = 0.01;
  const stranger = await host.connect("a", STRANGER);
  const device = await host.connect("b");
  assert.equal(["a", "b", "c"].map((from) => host.channels.isOfDevice(from)), [
    false,
    true,
    false,
  ]);
  host.spending.strangers = 0.00495;
  host.channels.check();
  assert.is((await stranger.detached).code, "connection-lost");
  assert.equal(host.channels.propose(STRANGER), { off: "spent" });
  assert.equal(host.channels.propose(PHONE), { rate: 8, burst: 10 });
  assert.is(host.channels.state, "on");
  assert.equal([host.channels.count, device.session.carriers], [1, 1]);
  assert.equal(host.events, [
    "page-connected",
    "page-connected",
    "relay-budget-spent",
    "page-away",
  ]);
});

test("a budget that is set to 0 ends the channels", async () => {
  const host = new Host();
  const { detached } = await host.connect("a");
  host.spending.limit = 0;
  host.channels.check();
  await detached;
});

test.after(() => {
  for (const channel of channels) channel.end();
});

test.run();
