import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { type HttpHandler, MAX_SDP, sendRequest, Session, type Signal } from "../wire/mod.ts";
import { endPeers } from "./peer.ts";
import { MAX_HALF_OPEN, MAX_PEERS, Peers } from "./peers.ts";
import { formatOffer, parseOffer } from "./sdp.ts";
import { CHROMIUM_OFFER } from "./testing/offers.ts";
import { TestPage } from "./testing/page.ts";

const test = suite("peers", { deadline: 60_000 });

// A deadline for opening must leave time for DTLS to repeat what was lost, which it does after 1 s.

/** An offer that never comes to a connection: it names no candidate. */
const SILENT_OFFER = formatOffer({ ...parseOffer(CHROMIUM_OFFER), candidates: [] });

const hello: HttpHandler = ({ method, target }) =>
  Promise.resolve({
    status: 200,
    statusText: "OK",
    headers: [],
    body: new Blob([`${method} ${target}`]).stream(),
  });

/** All of this file, to be closed before its end. */
const all: Peers[] = [];

interface Setup {
  peers: Peers;
  /** The events that were logged. */
  events: string[];
  /** Resolves when an event is logged the next time. */
  next: (event: string) => Promise<void>;
}

function setUp(options: { openTimeout?: number; handler?: HttpHandler } = {}): Setup {
  const events: string[] = [];
  const waiting: { event: string; resolve: () => void }[] = [];
  const peers = new Peers({
    handler: hello,
    stun: [],
    log: (_level, event) => {
      events.push(event);
      for (const each of waiting) if (each.event === event) each.resolve();
    },
    ...options,
  });
  all.push(peers);
  const next = (event: string) => new Promise<void>((resolve) => waiting.push({ event, resolve }));
  return { peers, events, next };
}

test.after(async () => {
  await Promise.all(all.map((peers) => peers.close()));
  endPeers();
});

/** An offer as a signal. */
function offer(sdp: string): Signal {
  return { type: "offer", sdp };
}

function codeOf(signal: Signal | undefined): string | undefined {
  return signal?.type === "refused" ? signal.code : signal?.type;
}

/** Connects a page. It is connected on both ends: the host's channel may open after the page's. */
async function connect(peers: Peers): Promise<TestPage & { session: Session }> {
  const page = await TestPage.connect(async (sdp) => {
    const signal = await peers.answer(offer(sdp));
    assert.is(codeOf(signal), "answer");
    return (signal as { sdp: string }).sdp;
  });
  const session = new Session(await page.channel);
  await get(session, "/");
  return Object.assign(page, { session });
}

async function get(session: Session, target: string): Promise<string> {
  const request = { method: "GET", target, headers: [], body: null };
  return await new Response((await sendRequest(session, request)).body).text();
}

test("answer() leads to a session whose requests the handler answers", async () => {
  const { peers, events, next } = setUp();
  const left = next("page-left");
  {
    await using page = await connect(peers);
    const { session } = page;
    assert.is(await get(session, "/notes?a=1"), "GET /notes?a=1");
    assert.is(peers.connected, 1);
    session.close();
  }
  await left;
  assert.is(peers.connected, 0);
  assert.equal(events, ["page-connected", "page-left"]);
});

test("pages have sessions of their own, and one that leaves disturbs no other", async () => {
  const { peers, next } = setUp();
  await using stays = await connect(peers);
  const left = next("page-left");
  {
    await using _leaves = await connect(peers);
  }
  await left;
  assert.is(await get(stays.session, "/"), "GET /");
  stays.session.close();
});

const refusals: [what: string, data: unknown, code: string][] = [
  ["nothing", null, "bad-message"],
  ["text", "an offer?", "bad-message"],
  ["a type that is none", { type: "hello" }, "bad-message"],
  ["an offer without an SDP", { type: "offer" }, "bad-message"],
  ["an offer whose SDP is none", offer("hello"), "bad-offer"],
  [
    "an offer with a password of 21 characters",
    offer(SILENT_OFFER.replace(/ice-pwd:.*/, `ice-pwd:${"p".repeat(21)}`)),
    "bad-offer",
  ],
  [
    "an offer that is too long",
    offer(`${SILENT_OFFER}${"a=x:y\r\n".repeat(MAX_SDP / 7)}`),
    "bad-message",
  ],
  [
    "an offer whose message size is 1",
    offer(SILENT_OFFER.replace(/size:\d+/, "size:1")),
    "bad-offer",
  ],
];
for (const [what, data, code] of refusals) {
  test(`answer() refuses ${what}, and takes the next offer`, async () => {
    const { peers, events } = setUp();
    assert.is(codeOf(await peers.answer(data)), code);
    assert.equal(events, ["signal-refused"]);
    assert.is(codeOf(await peers.answer(offer(SILENT_OFFER))), "answer");
  });
}

test(`answer() is busy with ${MAX_HALF_OPEN} connections that do not open, until their time is over`, async () => {
  const { peers } = setUp({ openTimeout: 2_500 });
  const offers = Array.from({ length: MAX_HALF_OPEN }, () => peers.answer(offer(SILENT_OFFER)));
  assert.is(codeOf(await peers.answer(offer(SILENT_OFFER))), "host-busy");
  for (const signal of await Promise.all(offers)) assert.is(codeOf(signal), "answer");
  assert.is(peers.connected, 0);

  // TestPage tries for longer than a connection has to open.
  await using page = await connect(peers);
  assert.is(await get(page.session, "/"), "GET /");
});

for (
  const data of [{ type: "probe", nonce: "1" }, { type: "replaced" }, {
    type: "answer",
    sdp: "v=0",
  }]
) {
  test(`answer() has nothing to say to a ${data.type}`, async () => {
    const { peers, events } = setUp();
    assert.is(await peers.answer(data), undefined);
    assert.equal(events, []);
  });
}

test("a connection that opened in time stays", async () => {
  const { peers } = setUp({ openTimeout: 2_500 });
  await using page = await connect(peers);
  const { session } = page;
  await sleep(2_700);
  assert.is(await get(session, "/"), "GET /");
});

test("answer() gives no answer to what exceeds 40 at once, and a page connects afterwards", async () => {
  const { peers } = setUp();
  const burst = await Promise.all(Array.from({ length: 100 }, () => peers.answer(offer("hello"))));
  assert.equal(burst.map(codeOf), [...Array(40).fill("bad-offer"), ...Array(60).fill(undefined)]);
  await sleep(150);
  await using page = await connect(peers);
  assert.is(await get(page.session, "/"), "GET /");
});

test(`answer() is busy with ${MAX_PEERS} open connections, and no longer when one leaves`, async () => {
  // What a page's failed attempt leaves half open ends soon.
  const { peers, next } = setUp({ openTimeout: 2_500 });
  await using pages = new AsyncDisposableStack();
  const opened: TestPage[] = [];
  while (opened.length < MAX_PEERS) {
    // No faster than the bucket fills.
    if (opened.length >= 40) await sleep(60);
    opened.push(pages.use(await connect(peers)));
  }
  await sleep(60);
  assert.is(codeOf(await peers.answer(offer(SILENT_OFFER))), "host-busy");
  const left = next("page-left");
  await opened[0]!.close();
  await left;
  assert.is(codeOf(await peers.answer(offer(SILENT_OFFER))), "answer");
});

test("close() says goodbye to all pages, and takes no more", async () => {
  const { peers } = setUp();
  await using first = await connect(peers);
  await using second = await connect(peers);
  const sessions = [first.session, second.session];
  await peers.answer(offer(SILENT_OFFER));
  const closed = peers.close();
  assert.is(await peers.answer(offer(SILENT_OFFER)), undefined);
  await closed;
  for (const session of sessions) {
    assert.match((await session.closed).message, /other side closed/);
  }
  assert.is(peers.connected, 0);
});

test("close() does not wait for a page that has closed its channel and kept its connection", async () => {
  const { peers, next } = setUp();
  await using page = await connect(peers);
  const { session } = page;
  assert.is(await get(session, "/"), "GET /");
  const left = next("page-left");
  (await page.channel).close();
  await left;
  await peers.close();
});

test.run();
