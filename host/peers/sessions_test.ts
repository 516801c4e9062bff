import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  Carrier,
  type HttpResponse,
  LighthouseError,
  sendOffer,
  sendRequest,
  type Session,
} from "../../wire/mod.ts";
import { decodeMessage, encodeMessage, type Frame } from "../../wire/session/frame.ts";
import { type Hello, INITIAL_LIMITS } from "../../wire/session/hello.ts";
import { pattern } from "../../wire/testing/bytes.ts";
import { MemoryChannel } from "../../wire/testing/channel_pair.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { pageSession } from "../../wire/testing/session_pair.ts";
import type { Principal } from "../access/principal.ts";
import type { ServiceContext } from "../proxy/service.ts";
import { MAX_AWAY, Sessions } from "./sessions.ts";

const test = suite("sessions");

const PATH = { local: "host", remote: "host" };

/** Whose pages there are, where a test does not say. */
const PRINCIPAL: Principal = { id: "1", origin: "https://me.example", name: "phone" };
const THIEF: Principal = { id: "2", origin: "https://me.example", name: "thief" };

/** What every page shows in its HELLO, where a test does not say. */
const PROOF = pattern(32, 7);

/** A host's sessions, whose handler answers what a test lets it. */
class TestHost {
  readonly sessions: Sessions;
  /** Events that were logged, with the reason of an end. */
  readonly events: string[] = [];
  /** The texts that were logged. */
  readonly texts: string[] = [];
  /** Requests that were seen, in their order. */
  readonly requests: { target: string; context: ServiceContext; answer: () => void }[] = [];
  /** The sessions in which further connections were offered. */
  readonly offered: Session[] = [];
  readonly #watchers = new Set<() => void>();

  constructor() {
    this.sessions = new Sessions({
      handler: ({ target }, context) => {
        const { promise, resolve } = Promise.withResolvers<HttpResponse>();
        const answer = () => {
          resolve({ status: 200, statusText: target, headers: [], body: null });
        };
        this.requests.push({ target, context, answer });
        if (!target.startsWith("/wait")) answer();
        this.#look();
        return promise;
      },
      onOffer: (sdp, session) => {
        this.offered.push(session);
        return Promise.resolve(sdp);
      },
      log: (_level, event, text, fields) => {
        this.texts.push(text);
        this.events.push(fields?.reason ? `${event} ${fields.reason}` : event);
        this.#look();
      },
    });
  }

  /** Gives a session a connection. */
  async connect(
    page: Session,
    principal = PRINCIPAL,
    path: Parameters<Sessions["take"]>[1] = PATH,
  ): Promise<MemoryChannel> {
    const [channel, ours] = MemoryChannel.pair();
    const taken = this.sessions.take(ours, path, { principal, proof: PROOF });
    await Promise.all([page.connect(new Carrier(channel), { proof: PROOF }), taken]);
    return channel;
  }

  /** This end of a page's session. */
  async sessionOf(page: Session): Promise<Session> {
    await sendOffer(page, "v=0", new AbortController().signal);
    return this.offered.at(-1)!;
  }

  /** Resolves when an event was logged that often. */
  until(event: string, count = 1): Promise<void> {
    return this.#until(() => this.events.filter((each) => each === event).length >= count);
  }

  /** Resolves when a request was seen. */
  untilAsked(): Promise<void> {
    return this.#until(() => this.requests.length > 0);
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (isSo()) resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#watchers) look();
  }
}

async function get(session: Session, target: string): Promise<string> {
  const request = { method: "GET", target, headers: [], body: null };
  return (await sendRequest(session, request)).statusText;
}

/** Sends a HELLO of a test's own. @returns What the host answers. */
async function greet(
  host: TestHost,
  hello: Partial<Hello>,
  principal = PRINCIPAL,
): Promise<Frame[]> {
  const [channel, ours] = MemoryChannel.pair();
  const heard = answerOn(channel);
  const taken = host.sessions.take(ours, PATH, { principal, proof: PROOF });
  taken.catch(() => {});
  channel.send(encodeMessage([{
    type: "hello",
    hello: {
      session: pattern(16),
      mode: "new",
      ...INITIAL_LIMITS,
      next: 1,
      held: [],
      proof: PROOF,
      ...hello,
    },
  }]));
  const frames = await heard;
  channel.close();
  return frames;
}

/** The frames of the first message that a channel brings. */
function answerOn(channel: MemoryChannel): Promise<Frame[]> {
  return new Promise((resolve) => {
    channel.onmessage = (message) => resolve(decodeMessage(message as Uint8Array<ArrayBuffer>));
  });
}

test("connected pages are told with their way, their bytes and their round trip", async () => {
  const host = new TestHost();
  const page = pageSession();
  assert.is(await host.sessions.ping("1"), undefined);
  await host.connect(page, PRINCIPAL, "relayed");
  await get(page, "/");
  const [first] = host.sessions.pages;
  const { since, roundTrip: _, bytesIn, bytesOut, ...rest } = first!;
  assert.equal(rest, {
    device: "1",
    name: "phone",
    origin: "https://me.example",
    way: "relayed",
  });
  assert.ok(Math.abs(Date.now() - Date.parse(since)) < 10_000);
  assert.ok(bytesIn > 0 && bytesOut > 0, `${bytesIn} in, ${bytesOut} out`);
  const ping = (await host.sessions.ping("1"))!;
  assert.is(ping.way, "relayed");
  assert.is(host.sessions.pages[0]!.roundTrip, ping.roundTrip);
  assert.is(await host.sessions.ping("2"), undefined);
  // The direct connection takes the relay's place, and the counts go on.
  await host.connect(page);
  const [next] = host.sessions.pages;
  assert.equal([host.sessions.pages.length, next!.way], [1, "direct"]);
  assert.ok(next!.bytesIn >= bytesIn);
  page.close();
  await host.until("page-left closed");
  assert.equal(host.sessions.pages, []);
});

test("a page that says goodbye leaves", async () => {
  const host = new TestHost();
  const page = pageSession();
  await host.connect(page);
  assert.is(await get(page, "/a"), "/a");
  assert.is(host.sessions.connected, 1);
  page.close();
  await host.until("page-left closed");
  assert.is(host.sessions.connected, 0);
  assert.equal(host.events, ["page-connected", "page-left closed"]);
  assert.match(host.texts[0]!, /^page connected directly, 1 open: /);
  assert.match(host.texts[1]!, /^page left, 0 open: /);
});

test("a page whose connection ends is away, and goes on with another", async () => {
  const host = new TestHost();
  const page = pageSession();
  const channel = await host.connect(page);
  const answer = get(page, "/wait");
  await host.untilAsked();
  channel.close();
  await host.until("page-away");
  assert.is(host.sessions.connected, 0);
  await host.connect(page);
  assert.is(host.sessions.connected, 1);
  host.requests[0]!.answer();
  assert.is(await answer, "/wait");
  assert.is(host.requests.length, 1);
  assert.equal(host.events, ["page-connected", "page-away", "page-back"]);
  page.close();
  await host.until("page-left closed");
});

test("a page's new connection takes the place of one whose end nobody has seen yet", async () => {
  const host = new TestHost();
  const page = pageSession();
  const old = await host.connect(page);
  old.stalled = true;
  const closed = new Promise<void>((resolve) => old.onclose = resolve);
  await host.connect(page);
  await closed;
  assert.is(await get(page, "/a"), "/a");
  assert.equal(host.events, ["page-connected", "page-back"]);
  page.close();
  await host.until("page-left closed");
});

test("a page whose session the host does not know gets a new one", async () => {
  const [first, second] = [new TestHost(), new TestHost()];
  const page = pageSession();
  const channel = await first.connect(page);
  const answer = failureOf(get(page, "/wait"));
  await first.untilAsked();
  channel.close();
  await second.connect(page);
  assert.is((await answer).code, "session-lost");
  assert.is(await get(page, "/a"), "/a");
  assert.equal(second.requests.map(({ target }) => target), ["/a"]);
  assert.equal(second.events, ["page-connected"]);
  page.close();
  await second.until("page-left closed");
  await first.sessions.close();
});

test("what was offered in a session joins it, and no other", async () => {
  const host = new TestHost();
  const [page, other, stranger] = [pageSession(), pageSession(), pageSession()];
  await host.connect(page);
  await host.connect(other);
  const joins = await host.sessionOf(page);
  for (const [session, join] of [[page, false], [other, true], [stranger, false]] as const) {
    const [channel, ours] = MemoryChannel.pair();
    const taken = host.sessions.take(ours, PATH, { principal: PRINCIPAL, joins });
    const carrier = new Carrier(channel);
    const answered = session.connect(carrier, { join });
    assert.is((await failureOf(taken)).code, "bad-frame");
    assert.is((await failureOf(answered)).code, "bad-frame");
  }
  const [channel, ours] = MemoryChannel.pair();
  const taken = host.sessions.take(ours, PATH, { principal: PRINCIPAL, joins });
  await Promise.all([page.connect(new Carrier(channel), { join: true }), taken]);
  assert.equal([joins.carriers, page.carriers, other.carriers], [2, 2, 1]);
  assert.is(await get(page, "/a"), "/a");
  await host.sessions.close();
  for (const each of [page, other, stranger]) each.close();
});

test("requests come with their page's principal, over all of its connections", async () => {
  const host = new TestHost();
  const pages = [pageSession(), pageSession()];
  const principals = [PRINCIPAL, { id: "a stranger", origin: "https://me.example" }];
  for (const [at, page] of pages.entries()) {
    const channel = await host.connect(page, principals[at]);
    await get(page, "/a");
    channel.close();
    await host.connect(page, principals[at]);
    await get(page, "/b");
  }
  const asked = host.requests.map(({ context }) => context.principal);
  assert.equal(asked, [principals[0], principals[0], principals[1], principals[1]]);
  assert.equal(host.sessions.principals, principals);
  for (const page of pages) page.close();
  await host.sessions.close();
});

for (
  const [what, hello, principal, code] of [
    ["another device's session", { mode: "resume" }, {
      id: "2",
      origin: "https://me.example",
      name: "phone",
    }, "not-allowed"],
    [
      "a device's session, unpaired",
      { mode: "resume" },
      { id: "2", origin: "https://me.example" },
      "not-allowed",
    ],
    ["to join another device's session", { mode: "join" }, {
      id: "2",
      origin: "https://me.example",
    }, "not-allowed"],
    ["to begin a session that exists", { mode: "new" }, PRINCIPAL, "bad-frame"],
    ["its session, and shows nothing", { mode: "resume", proof: undefined }, PRINCIPAL, "bad-seal"],
    [
      "its session, and shows another",
      { mode: "resume", proof: pattern(32) },
      PRINCIPAL,
      "bad-seal",
    ],
  ] as [string, Partial<Hello>, Principal, string][]
) {
  test(`a page that wants ${what} is refused, and the session goes on`, async () => {
    const host = new TestHost();
    const page = pageSession();
    await host.connect(page);
    const [answer] = await greet(host, { session: page.id, ...hello }, principal);
    assert.is(answer!.type === "close" && answer.code, code);
    assert.is(await get(page, "/a"), "/a");
    assert.equal(host.events, ["page-connected"]);
    page.close();
    await host.sessions.close();
  });
}

for (const proof of [undefined, pattern(32)]) {
  test(`a page that shows ${proof ? "another" : "no"} proof begins nothing`, async () => {
    const host = new TestHost();
    const [answer] = await greet(host, { proof });
    assert.is(answer!.type === "close" && answer.code, "bad-seal");
    assert.equal([host.sessions.connected, host.events], [0, []]);
    await host.sessions.close();
  });
}

test("a refused page learns why, and is disconnected", async () => {
  const [other, host] = [new TestHost(), new TestHost()];
  const owner = pageSession();
  const thief = pageSession({ id: owner.id });
  await other.connect(thief);
  await host.connect(owner);
  const [channel, ours] = MemoryChannel.pair();
  const taken = failureOf(host.sessions.take(ours, PATH, { principal: THIEF, proof: PROOF }));
  const error = await failureOf(thief.connect(new Carrier(channel), { proof: PROOF }));
  assert.is(error.code, "not-allowed");
  assert.is(error.message, "The session belongs to another device");
  assert.is((await taken).code, "not-allowed");
  for (const page of [owner, thief]) page.close();
  for (const { sessions } of [other, host]) await sessions.close();
});

test("evict() ends a device's sessions at once, those without a connection too, and no others", async () => {
  const host = new TestHost();
  const [first, away, other] = [pageSession(), pageSession(), pageSession()];
  await host.connect(first);
  (await host.connect(away)).close();
  await host.until("page-away");
  await host.connect(other, { id: "2", origin: "https://me.example", name: "tablet" });
  const [channel, ours] = MemoryChannel.pair();
  const greeting = failureOf(
    host.sessions.take(ours, PATH, { principal: PRINCIPAL, proof: PROOF }),
  );
  const waiting = failureOf(get(first, "/wait"));
  await host.untilAsked();
  const { signal } = host.requests[0]!.context;

  host.sessions.evict(PRINCIPAL.id, new LighthouseError("device-revoked", "Revoked"));
  assert.is(signal.aborted, true);
  assert.is((await waiting).code, "session-lost");
  assert.is((await greeting).code, "device-revoked");
  assert.equal(host.events.slice(-2), ["page-left device-revoked", "page-left device-revoked"]);
  assert.is(host.sessions.connected, 1);
  assert.is(await get(other, "/a"), "/a");
  channel.close();
  for (const page of [first, away, other]) page.close();
  await host.sessions.close();
});

test("a page that sends no HELLO but something else is refused", async () => {
  const host = new TestHost();
  const [channel, ours] = MemoryChannel.pair();
  const closed = new Promise<void>((resolve) => channel.onclose = resolve);
  const answer = answerOn(channel);
  const taken = failureOf(host.sessions.take(ours, PATH, { principal: PRINCIPAL, proof: PROOF }));
  channel.send("GET / HTTP/1.1");
  assert.is((await taken).code, "bad-frame");
  assert.equal((await answer).map(({ type }) => type), ["close"]);
  // By the host: the page says nothing more.
  await closed;
  assert.equal(host.events, []);
});

test(`of more than ${MAX_AWAY} pages of a device that are away, its oldest is forgotten`, async () => {
  const host = new TestHost();
  const others = [pageSession(), pageSession()];
  const stranger = { id: "3", origin: PRINCIPAL.origin };
  const away = [await host.connect(others[0]!, THIEF), await host.connect(others[1]!, stranger)];
  for (const channel of away) channel.close();
  await host.until("page-away", 2);
  const pages = Array.from({ length: MAX_AWAY + 2 }, () => pageSession());
  const channels: MemoryChannel[] = [];
  for (const page of pages) channels.push(await host.connect(page));
  // The first is there again before the others go.
  channels[0]!.close();
  await host.until("page-away", 3);
  channels[0] = await host.connect(pages[0]!);
  for (const channel of channels.slice(1, -1)) channel.close();
  await host.until("page-away", 3 + MAX_AWAY);
  assert.is(host.events.includes("page-left host-busy"), false);
  channels.at(-1)!.close();
  await host.until("page-left host-busy");
  assert.is(host.sessions.connected, 1);
  assert.is(await get(pages[0]!, "/a"), "/a");
  // Those of others are there still.
  await host.connect(others[0]!, THIEF);
  await host.connect(others[1]!, stranger);
  assert.is(host.events.filter((event) => event === "page-back").length, 3);
  for (const page of [...pages, ...others]) page.close();
  await host.sessions.close();
});

test(`strangers have ${MAX_AWAY} pages away together, and one with several loses its own`, async () => {
  const host = new TestHost();
  const honest = pageSession();
  const stranger = (id: string) => ({ id, origin: PRINCIPAL.origin });
  (await host.connect(honest, stranger("honest"))).close();
  await host.until("page-away");
  const pages = Array.from({ length: MAX_AWAY + 4 }, () => pageSession());
  for (const page of pages) {
    const channel = await host.connect(page, stranger("flood"));
    const away = host.until(
      "page-away",
      host.events.filter((each) => each === "page-away").length + 1,
    );
    channel.close();
    await away;
  }
  await host.until("page-left host-busy", 5);
  await host.connect(honest, stranger("honest"));
  assert.ok(host.events.includes("page-back"));
  for (const page of [...pages, honest]) page.close();
  await host.sessions.close();
});

test("a device has 2,048 streams in all of its sessions, a stranger 512, and others have theirs", async () => {
  const host = new TestHost();
  const stranger = { id: "3", origin: PRINCIPAL.origin };
  const count = async (principal: Principal, sessions: number) => {
    const pages = Array.from({ length: sessions }, () => pageSession());
    for (const page of pages) await host.connect(page, principal);
    const before = host.requests.length;
    const refused: string[] = [];
    for (const page of pages) {
      for (let i = 0; i < 500; i++) get(page, "/wait").catch(({ code }) => refused.push(code));
    }
    const last = pageSession();
    await host.connect(last, PRINCIPAL === principal ? THIEF : PRINCIPAL);
    assert.is(await get(last, "/small"), "/small");
    last.close();
    await until(() => host.requests.length + refused.length - before - 1 === 500 * sessions);
    const codes = [...refused];
    for (const page of pages) page.close();
    await until(() => host.sessions.streams === 0);
    assert.ok(codes.every((code) => code === "host-busy"));
    return codes.length;
  };
  assert.is(await count(PRINCIPAL, 5), 2500 - 2048);
  assert.is(await count(stranger, 2), 1000 - 512);
  assert.is(await count(PRINCIPAL, 1), 0);
  await host.sessions.close();
});

test("close() lets requests under way finish, refuses others, and says goodbye", async () => {
  const host = new TestHost();
  const goodbye = Promise.withResolvers<Error>();
  const page = pageSession({ onDetached: goodbye.resolve });
  await host.connect(page);
  const answer = get(page, "/wait");
  await host.untilAsked();
  const closed = host.sessions.close();
  assert.is((await failureOf(get(page, "/late"))).code, "refused");
  host.requests[0]!.answer();
  assert.is(await answer, "/wait");
  await closed;
  assert.match(
    (await goodbye.promise).message,
    /The host closed the connection: The host is stopping/,
  );
  assert.equal(host.requests.map(({ target }) => target), ["/wait"]);
  page.close();
});

test("close() waits no longer than its grace for a request that does not end", async () => {
  const host = new TestHost();
  const page = pageSession();
  await host.connect(page);
  const answer = failureOf(get(page, "/wait"));
  await host.untilAsked();
  await host.sessions.close();
  assert.is((await answer).code, "session-lost");
  assert.is(host.requests[0]!.context.signal.aborted, true);
  page.close();
});

test("close() ends the sessions of pages that are away", async () => {
  const host = new TestHost();
  const page = pageSession();
  const channel = await host.connect(page);
  channel.close();
  await host.until("page-away");
  await host.sessions.close();
  await host.until("page-left closed");
  page.close();
});

test("close() ends a connection whose page has not said HELLO yet", async () => {
  const host = new TestHost();
  const [channel, ours] = MemoryChannel.pair();
  const closed = new Promise<void>((resolve) => channel.onclose = resolve);
  const answer = answerOn(channel);
  const taken = failureOf(host.sessions.take(ours, PATH, { principal: PRINCIPAL, proof: PROOF }));
  await host.sessions.close();
  assert.equal((await answer).map(({ type }) => type), ["close"]);
  await closed;
  assert.is((await taken).code, "closed");
});

test.run();
