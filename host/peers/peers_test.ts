import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  Carrier,
  LighthouseError,
  quicProofOf,
  type QuicWay,
  sendOffer,
  sendRequest,
  type Session,
} from "../../wire/mod.ts";
import { MemoryChannel } from "../../wire/testing/channel_pair.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { connectPage } from "../../wire/testing/session_pair.ts";
import { Gate } from "../access/gate.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import {
  accepted,
  createIdentity,
  MemoryAccessList,
  outcomeOf,
  TestDevice,
} from "../testing/access.ts";
import { CHROMIUM_OFFER } from "../testing/offers.ts";
import { TestPage } from "../testing/page.ts";
import { endPeers } from "./peer.ts";
import {
  MAX_HALF_OPEN,
  MAX_HALF_OPEN_OF_DEVICE,
  MAX_LANES,
  MAX_OF_DEVICE,
  MAX_PEERS,
  Peers,
  type PeersOptions,
} from "./peers.ts";
import { formatOffer, parseOffer } from "./sdp.ts";
import type { Claim } from "./sessions.ts";

const test = suite("peers", { deadline: 150_000 });

// A deadline for opening must leave time for DTLS to repeat what was lost, which it does after 1 s.

/** An offer that never comes to a connection: it names no candidate. */
const SILENT_OFFER = formatOffer({ ...parseOffer(CHROMIUM_OFFER), candidates: [] });

const hello: ServiceHandler = ({ method, target }) =>
  Promise.resolve({
    status: 200,
    statusText: "OK",
    headers: [],
    body: new Blob([`${method} ${target}`]).stream(),
  });

const identity = await createIdentity();

/** All of this file, to be closed before its end. */
const all: Peers[] = [];

interface Setup {
  peers: Peers;
  /** A device that is paired; `pair` makes others. */
  phone: TestDevice;
  pair: () => Promise<TestDevice>;
  /** The phone's page, whose offer leads to a connection. */
  connect: (device?: TestDevice) => Promise<ConnectedPage>;
  /** What comes of an offer, in a word. */
  outcome: (sdp: string, device?: TestDevice) => Promise<string>;
  /** The events that were logged. */
  events: string[];
  /** Resolves when an event is logged the next time. */
  next: (event: string) => Promise<void>;
}

async function setUp(
  options: Partial<Pick<PeersOptions, "openTimeout" | "handler" | "quic">> & { public?: string[] } =
    {},
): Promise<Setup> {
  const accessList = new MemoryAccessList();
  const events: string[] = [];
  const waiting: { event: string; resolve: () => void }[] = [];
  const log = (_level: string, event: string) => {
    // Left out: a test page whose first attempt came to nothing tries again.
    if (event !== "page-refused") events.push(event);
    for (const each of waiting) if (each.event === event) each.resolve();
  };
  // A clock for the limits that runs fast: they are the gate's own test's to look at.
  const steady = () => 200 * performance.now();
  const ice = { iceServers: [] };
  const settings = () => ({ public: options.public ?? [], ice, earlyWait: 40 });
  const gate = new Gate({ identity, accessList, settings, log, steady });
  const peers = new Peers({ gate, handler: hello, settings, log, ...options });
  all.push(peers);
  const pair = () => TestDevice.paired(identity, accessList);
  const phone = await pair();
  const answer = (data: unknown) => peers.answer(data);
  const next = (event: string) => new Promise<void>((resolve) => waiting.push({ event, resolve }));
  return {
    peers,
    phone,
    pair,
    events,
    next,
    connect: (device = phone) => connect(peers, device),
    outcome: async (sdp, device = phone) => outcomeOf(await device.offer(answer, { sdp })),
  };
}

test.after(async () => {
  await Promise.all(all.map((peers) => peers.close()));
  endPeers();
});

/** A page, its session, and what it is told when its connection ends. */
interface ConnectedPage extends AsyncDisposable {
  page: TestPage;
  session: Session;
  detached: Promise<LighthouseError>;
}

/** Connects a page. Disposed of, it goes without a goodbye. */
async function connect(peers: Peers, device: TestDevice): Promise<ConnectedPage> {
  const page = await openPage(peers, device);
  const { promise: detached, resolve: onDetached } = Promise.withResolvers<LighthouseError>();
  const session = await page.startSession({ onDetached });
  const close = async () => {
    await page.close();
    session.close();
  };
  return { page, session, detached, [Symbol.asyncDispose]: close };
}

/** A page with a channel on which it has said nothing yet. */
async function openPage(peers: Peers, device: TestDevice): Promise<TestPage> {
  return await TestPage.connect(async (sdp) => {
    return accepted(await device.offer((data) => peers.answer(data), { sdp }));
  });
}

async function get(session: Session, target: string): Promise<string> {
  const request = { method: "GET", target, headers: [], body: null };
  return await new Response((await sendRequest(session, request)).body).text();
}

test("answer() leads to a session whose requests the handler answers", async () => {
  const { peers, connect, events, next } = await setUp();
  const left = next("page-left");
  {
    await using page = await connect();
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
  const { peers, connect, next } = await setUp();
  await using stays = await connect();
  const away = next("page-away");
  {
    await using _leaves = await connect();
  }
  await away;
  assert.is(peers.connected, 1);
  assert.is(await get(stays.session, "/"), "GET /");
  stays.session.close();
});

const refusals: [what: string, sdp: string, code: string][] = [
  ["an offer whose SDP is none", "hello", "bad-offer"],
  [
    "an offer with a password of 21 characters",
    SILENT_OFFER.replace(/ice-pwd:.*/, `ice-pwd:${"p".repeat(21)}`),
    "bad-offer",
  ],
  ["an offer whose message size is 1", SILENT_OFFER.replace(/size:\d+/, "size:1"), "bad-offer"],
];
for (const [what, sdp, code] of refusals) {
  test(`answer() refuses ${what}, sealed, and takes the next offer`, async () => {
    const { outcome } = await setUp();
    assert.is(await outcome(sdp), code);
    assert.is(await outcome(SILENT_OFFER), "answer");
  });
}

test("who offers in a device's name and does not prove its key gets no session", async () => {
  const { peers, phone, connect } = await setUp();
  await using other = await connect();
  const page = await openPage(peers, phone);
  assert.is((await failureOf(connectPage(await page.channel))).code, "bad-seal");
  assert.is(peers.connected, 1);
  assert.is(await get(other.session, "/"), "GET /");
  // The host ends it by itself.
  await page.closed;
  await page.close();
});

test("answer() refuses what is malformed, and who is not paired, plainly", async () => {
  const { peers, outcome } = await setUp();
  for (const data of [null, "an offer?", { type: "hello" }, { type: "offer", sdp: "v=0" }]) {
    const signal = await peers.answer(data);
    assert.is(signal?.type === "refused" && signal.code, "bad-message");
  }
  assert.is(await outcome(SILENT_OFFER, await TestDevice.create(identity)), "plain not-paired");
  assert.is(peers.count, 0);
});

test(`${MAX_HALF_OPEN} connections that do not open keep no other device out`, async () => {
  const { peers, phone, pair, connect, outcome } = await setUp({ openTimeout: 2_500 });
  const tablet = await pair();
  for (const device of [phone, tablet]) {
    const offers = Array.from(
      { length: MAX_HALF_OPEN_OF_DEVICE },
      () => outcome(SILENT_OFFER, device),
    );
    for (const each of await Promise.all(offers)) assert.is(each, "answer");
  }
  const other = await pair();
  // Every device has room for one, and then replaces its own.
  for (const device of [other, other, phone]) {
    assert.is(await outcome(SILENT_OFFER, device), "answer");
    assert.is(peers.count, MAX_HALF_OPEN + 1);
  }
  assert.is(peers.connected, 0);

  // TestPage tries for longer than a connection has to open.
  await using page = await connect(other);
  assert.is(await get(page.session, "/"), "GET /");
});

for (const reloads of [25, 100]) {
  test(`a page that is reloaded ${reloads} times while it connects connects at once afterwards`, async () => {
    const { peers, connect, outcome } = await setUp();
    for (let i = 0; i < reloads; i++) assert.is(await outcome(SILENT_OFFER), "answer");
    assert.is(peers.count, MAX_HALF_OPEN_OF_DEVICE);
    await using page = await connect();
    assert.is(await get(page.session, "/"), "GET /");
  });
}

test("a new half-open connection replaces the oldest one, and no younger", async () => {
  const { peers, phone, outcome } = await setUp();
  const page = await TestPage.connect(async (sdp) => {
    for (let i = 0; i < MAX_HALF_OPEN_OF_DEVICE; i++) await outcome(SILENT_OFFER);
    const answer = accepted(await phone.offer((data) => peers.answer(data), { sdp }));
    // It is the oldest after that many others, and the next one would replace it.
    for (let i = 1; i < MAX_HALF_OPEN_OF_DEVICE; i++) await outcome(SILENT_OFFER);
    return answer;
  });
  await using _ = { [Symbol.asyncDispose]: () => page.close() };
  const session = await page.startSession();
  assert.is(await get(session, "/"), "GET /");
  session.close();
});

test("open connections are not replaced", async () => {
  const { peers, connect, outcome } = await setUp();
  await using page = await connect();
  for (let i = 0; i < 2 * MAX_HALF_OPEN_OF_DEVICE; i++) await outcome(SILENT_OFFER);
  assert.is(peers.count, 1 + MAX_HALF_OPEN_OF_DEVICE);
  assert.is(await get(page.session, "/"), "GET /");
});

test("strangers, however many, have one device's share of what is half open", async () => {
  const { peers, connect, outcome } = await setUp({ public: ["/"] });
  const outcomes: string[] = [];
  const strangers = await Promise.all(
    Array.from({ length: 12 }, () => TestDevice.create(identity)),
  );
  for (const stranger of strangers) outcomes.push(await outcome(SILENT_OFFER, stranger));
  assert.is(outcomes.filter((each) => each === "answer").length, MAX_HALF_OPEN_OF_DEVICE);
  assert.is(outcomes.at(-1), "host-busy");
  // A stranger replaces its own, and nobody else's.
  assert.is(await outcome(SILENT_OFFER, strangers[0]), "answer");
  assert.is(await outcome(SILENT_OFFER, strangers.at(-1)), "host-busy");
  assert.is(peers.count, MAX_HALF_OPEN_OF_DEVICE);
  await using page = await connect();
  assert.is(await get(page.session, "/"), "GET /");
});

for (
  const data of [{ type: "probe", nonce: "1" }, { type: "replaced" }, {
    type: "sealed-answer",
    v: 1,
    ct: "AAAA",
  }]
) {
  test(`answer() has nothing to say to a ${data.type}`, async () => {
    const { peers, events } = await setUp();
    assert.is(await peers.answer(data), undefined);
    assert.equal(events, []);
  });
}

test("a connection that opened in time stays", async () => {
  const { connect } = await setUp({ openTimeout: 2_500 });
  await using page = await connect();
  const { session } = page;
  await sleep(2_700);
  assert.is(await get(session, "/"), "GET /");
});

/**
 * Connections that a device opens at a time, with room for one that has to try again. Each takes a second: the
 * first packet of a handshake between two libdatachannels is often lost.
 */
const AT_A_TIME = MAX_HALF_OPEN_OF_DEVICE - 1;

test(`${MAX_PEERS} open connections leave two for every other device, and room when they leave`, async () => {
  // What a page's failed attempt leaves half open ends soon.
  const { phone, pair, connect, outcome, next } = await setUp({ openTimeout: 2_500 });
  const devices = [phone, await pair()];
  await using pages = new AsyncDisposableStack();
  const opened: ConnectedPage[] = [];
  for (const device of devices) {
    for (let left = MAX_OF_DEVICE; left > 0; left -= AT_A_TIME) {
      const some = Array.from({ length: Math.min(left, AT_A_TIME) }, () => connect(device));
      for (const page of await Promise.all(some)) opened.push(pages.use(page));
    }
    assert.is(await outcome(SILENT_OFFER, device), "host-busy");
  }
  assert.is(opened.length, MAX_PEERS);
  // Every other device has room for two.
  const other = await pair();
  for (let own = 0; own < 2; own++) pages.use(await connect(other));
  assert.is(await outcome(SILENT_OFFER, other), "host-busy");
  for (const page of opened.slice(0, 3)) {
    const away = next("page-away");
    await page.page.close();
    await away;
  }
  assert.is(await outcome(SILENT_OFFER, other), "answer");
});

test("evict() ends a device's connections, open ones and others, and no other device's", async () => {
  const { peers, pair, connect, outcome, next } = await setUp();
  const tablet = await pair();
  await using page = await connect();
  await using other = await connect(tablet);
  assert.is(await outcome(SILENT_OFFER), "answer");
  assert.is(peers.count, 3);
  const id = peers.principals[0]!.id;
  const left = next("page-left");
  peers.evict(id, new LighthouseError("device-revoked", "Revoked"));
  await left;
  assert.is((await page.detached).code, "device-revoked");
  await until(() => peers.count <= 1);
  assert.is(await get(other.session, "/"), "GET /");
});

/** Connects a page once more, inside its session. */
async function addLane({ session }: ConnectedPage): Promise<TestPage> {
  const signal = new AbortController().signal;
  const lane = await TestPage.connect(async (sdp) => ({
    sdp: await sendOffer(session, sdp, signal),
  }));
  await session.connect(new Carrier(await lane.channel), { join: true });
  return lane;
}

test(`a session has ${MAX_LANES} connections at most, and its end closes them all`, async () => {
  const { peers, connect } = await setUp({ openTimeout: 2_500 });
  await using page = await connect();
  await using other = await connect();
  await using lanes = new AsyncDisposableStack();
  while (page.session.carriers < MAX_LANES) lanes.use(await addLane(page));
  assert.is(await get(page.session, "/"), "GET /");
  const { signal } = new AbortController();
  const failure = failureOf(sendOffer(page.session, SILENT_OFFER, signal));
  assert.is((await failure).code, "host-busy");
  lanes.use(await addLane(other));
  // What a failed attempt of a page has left half open ends as well.
  await until(() => peers.count <= MAX_LANES + 2);
  page.session.close();
  await until(() => peers.count <= 2);
  assert.is(await get(other.session, "/"), "GET /");
  assert.is(other.session.carriers, 2);
});

test("a session gets further connections while pages of its device are reloaded", async () => {
  const { peers, connect, outcome } = await setUp();
  await using page = await connect();
  await using lanes = new AsyncDisposableStack();
  const { signal } = new AbortController();
  for (let i = 0; i < 3; i++) await sendOffer(page.session, SILENT_OFFER, signal);
  for (let i = 0; i < MAX_HALF_OPEN; i++) assert.is(await outcome(SILENT_OFFER), "answer");
  // The reloads have replaced one another only.
  assert.is(peers.count, 1 + 3 + MAX_HALF_OPEN_OF_DEVICE);
  lanes.use(await addLane(page));
  assert.is(await get(page.session, "/"), "GET /");
});

test("the end of a session closes its connections that are still opening", async () => {
  const { peers, connect, outcome } = await setUp();
  await using page = await connect();
  const { signal } = new AbortController();
  for (let i = 0; i < 3; i++) await sendOffer(page.session, SILENT_OFFER, signal);
  assert.is(await outcome(SILENT_OFFER), "answer");
  assert.is(peers.count, 5);
  page.session.close();
  // One page of the device is still connecting.
  await until(() => peers.count <= 1);
  assert.is(peers.count, 1);
});

test("a session goes on over another connection when its first is lost", async () => {
  const { peers, connect, events } = await setUp();
  await using page = await connect();
  await using _lane = await addLane(page);
  await page.page.close();
  await until(() => page.session.carriers <= 1);
  assert.is(await get(page.session, "/"), "GET /");
  await until(() => peers.count <= 1);
  assert.equal(events, ["page-connected", "page-lane"]);
});

test("an offer inside a session that is malformed is bad, and leaves the session alone", async () => {
  const { peers, connect } = await setUp();
  await using page = await connect();
  const { signal } = new AbortController();
  const bad = sendOffer(page.session, SILENT_OFFER.replace("actpass", "active"), signal);
  assert.is((await failureOf(bad)).code, "bad-offer");
  assert.is(await get(page.session, "/"), "GET /");
  assert.is(peers.count, 1);
});

test("close() says goodbye to all pages, and takes no more", async () => {
  const { peers, connect, outcome } = await setUp();
  await using first = await connect();
  await using second = await connect();
  assert.is(await outcome(SILENT_OFFER), "answer");
  const closed = peers.close();
  assert.is(await outcome(SILENT_OFFER), "nothing");
  await closed;
  for (const { detached } of [first, second]) {
    assert.match((await detached).message, /The host closed the connection: The host is stopping/);
  }
  assert.is(peers.connected, 0);
});

test("close() does not wait for a page that has closed its channel and kept its connection", async () => {
  const { peers, connect, next } = await setUp();
  await using page = await connect();
  const { session } = page;
  assert.is(await get(session, "/"), "GET /");
  const away = next("page-away");
  (await page.page.channel).close();
  await away;
  await peers.close();
});

test("over QUIC, a page shows a proof that is bound to the endpoint, and no other", async () => {
  const way: QuicWay = {
    addresses: ["192.0.2.1:4433"],
    hash: new Uint8Array(32).fill(1),
    ticket: new Uint8Array(32).fill(2),
  };
  const claims: Claim[] = [];
  const quic: PeersOptions["quic"] = {
    propose: (_owner, claim) => {
      claims.push(claim);
      return way;
    },
    forget: () => {},
  };
  const { peers, phone } = await setUp({ quic });
  const answer = (data: unknown) => peers.answer(data);
  const { proof } = accepted(await phone.offer(answer, { sdp: SILENT_OFFER }));
  const come = async (shown: Uint8Array) => {
    const [near, far] = MemoryChannel.pair();
    const taken = peers.takeQuic(far, claims[0]!);
    try {
      return await connectPage(near, {}, shown);
    } finally {
      await taken;
    }
  };
  // Another endpoint has got this one, which the answer of somebody with the host's key has named.
  const elsewhere = await quicProofOf(proof, { ...way, hash: new Uint8Array(32) });
  for (const other of [proof, elsewhere]) {
    assert.is((await failureOf(come(other))).code, "bad-seal");
  }
  const session = await come(await quicProofOf(proof, way));
  assert.is(peers.connected, 1);
  session.close();
});

test.run();
