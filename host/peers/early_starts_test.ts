import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  type Answer,
  Carrier,
  EarlyStart,
  fingerprintOf,
  fromBase64url,
  generateKeyPair,
  importResumptionSecret,
  LighthouseError,
  makeEarlySecret,
  type Offer,
  openOffer,
  type Proven,
  type SealOfferOptions,
  sendRequest,
  type Session,
  type Signal,
  toBase64url,
} from "../../wire/mod.ts";
import { pattern } from "../../wire/testing/bytes.ts";
import { MemoryChannel } from "../../wire/testing/channel_pair.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { pageSession } from "../../wire/testing/session_pair.ts";
import { Gate } from "../access/gate.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import { createIdentity, MemoryAccessList, outcomeOf, TestDevice } from "../testing/access.ts";
import { EarlyStarts } from "./early_starts.ts";
import { MAX_AWAY, MAX_EARLY_OF_STRANGERS, Sessions } from "./sessions.ts";

const test = suite("EarlyStarts");

const PATH = { local: "host", remote: "host" };
const LARGE = 300_000;

const identity = await createIdentity();

/** All sessions of this file, which end with it: their timers keep the process. */
const pages: Session[] = [];
const hosts: Sessions[] = [];

test.after(() => {
  for (const session of pages) session.close();
  for (const sessions of hosts) {
    const ids = new Set(sessions.principals.map(({ id }) => id));
    for (const id of ids) sessions.evict(id, new LighthouseError("closed", "The test is over"));
  }
});

type Acceptance = Extract<Answer, Proven>;

/** A host without WebRTC: the channels of its pages are in memory. */
class TestHost {
  readonly accessList: MemoryAccessList;
  readonly requests: string[] = [];
  readonly events: string[] = [];
  /** Lets the requests for /slow have their answers. */
  release = () => {};
  wait = 5000;
  hasCookies = false;
  #gate!: Gate;
  sessions!: Sessions;
  early!: EarlyStarts;
  /** Called while first messages are being opened. */
  onTake = () => {};
  readonly #earlyTimeout: number | undefined;

  constructor(options: { earlyTimeout?: number; accessList?: MemoryAccessList } = {}) {
    this.accessList = options.accessList ?? new MemoryAccessList();
    this.#earlyTimeout = options.earlyTimeout;
    this.restart();
  }

  /** Forgets all but the devices. */
  restart(): void {
    const log = (_level: string, event: string) => this.events.push(event);
    const { accessList } = this;
    this.#gate = new Gate({ identity, accessList, settings: () => ({ public: ["/"] }), log });
    const sessions = this.sessions = new Sessions({
      handler: this.#handler,
      resumption: (device) => this.early.give(device),
      log,
      earlyTimeout: this.#earlyTimeout,
    });
    hosts.push(sessions);
    const hasCookies = () => this.hasCookies;
    this.early = new EarlyStarts({ sessions, wait: () => this.wait, hasCookies, log });
  }

  readonly answer = async (data: unknown): Promise<Signal | undefined> => {
    const admitted = await this.#gate.admit(data);
    if (!admitted || "type" in admitted) return admitted;
    const taken = this.early.take(admitted);
    this.onTake();
    return (await admitted.answer("v=0", { early: await taken })).signal;
  };

  /** Opens a direct channel for a page. */
  async connect({ session, device }: TestPage): Promise<MemoryChannel> {
    const [near, far] = MemoryChannel.pair();
    const proof = pattern(32);
    const known = this.accessList.devices.find(({ key }) => isSame(key, device.key));
    const principal = known ??
      { id: await fingerprintOf(device.key), origin: "https://page.example" };
    const taken = this.sessions.take(far, PATH, { principal, proof });
    await Promise.all([session.connect(new Carrier(near), { proof }), taken]);
    return near;
  }

  readonly #handler: ServiceHandler = async ({ method, target, body }) => {
    this.requests.push(`${method} ${target}`);
    const said = body ? await new Response(body).text() : target;
    if (target === "/slow") await new Promise<void>((resolve) => this.release = resolve);
    const answers: Record<string, BodyInit> = {
      "/large": "x".repeat(LARGE),
      "/events": eventStream((more) => this.release = more),
    };
    const bytes = new Response(answers[target] ?? `${method} ${said}`).body!;
    return { status: 200, statusText: "OK", headers: [], body: bytes };
  };
}

/** Says one thing at once, and another one later. */
function eventStream(onWait: (more: () => void) => void): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("first "));
      onWait(() => {
        controller.enqueue(new TextEncoder().encode("second"));
        controller.close();
      });
    },
  });
}

/** A page of a device, with the newest secret. */
class TestPage {
  readonly device: TestDevice;
  readonly session: Session;
  raw: Uint8Array<ArrayBuffer> | undefined;
  secret: Promise<CryptoKey> | undefined;
  start: EarlyStart | undefined;
  ephemeral: CryptoKeyPair | undefined;

  constructor(device: TestDevice) {
    this.device = device;
    this.session = pageSession({ onResumption: (secret) => this.raw = secret });
    pages.push(this.session);
  }

  /** Makes a page that the host does not know, with a secret of its own. */
  static async fresh(kind: "stranger" | "pairing", host: TestHost): Promise<TestPage> {
    const device = await TestDevice.create(identity);
    if (kind === "pairing") {
      device.sender = { kind, secret: await host.accessList.invite() };
    }
    const page = new TestPage(device);
    page.make();
    return page;
  }

  /** Makes a page that has a secret, and no connection yet. */
  static async known(host: TestHost, device?: TestDevice): Promise<TestPage> {
    device ??= await TestDevice.paired(identity, host.accessList);
    const earlier = new TestPage(device);
    await host.connect(earlier);
    earlier.session.close();
    const page = new TestPage(device);
    page.use(earlier.raw!);
    return page;
  }

  use(raw: Uint8Array<ArrayBuffer>): void {
    this.secret = importResumptionSecret(raw.slice());
    this.share(this.secret);
  }

  /** Uses a secret that another page may use as well. */
  share(secret: Promise<CryptoKey>): void {
    this.start = new EarlyStart(() => this.session, secret.then((key) => ({ key })));
  }

  /** Makes a secret of its own. */
  make(secret = makeEarlySecret()): void {
    this.start = new EarlyStart(() => this.session, secret);
  }

  async get(target: string, init: RequestInit = {}): Promise<string> {
    const { method = "GET", body } = init;
    const request = { method, target, headers: [], body: body ? new Response(body).body : null };
    return await new Response((await sendRequest(this.session, request)).body).text();
  }

  /** Seals an offer with what the session has to say. */
  async seal(offer: Partial<Offer> = {}, rest: Partial<SealOfferOptions> = {}) {
    this.ephemeral = await generateKeyPair();
    const options = { ephemeral: this.ephemeral, early: this.start, ...rest };
    return await this.device.seal({ name: "a phone", ...offer }, Date.now(), options);
  }

  /** Offers, and reads the answer. @returns Whether the host has taken the first messages. */
  async offer(host: TestHost): Promise<boolean> {
    const sealed = await this.seal();
    const signal = await host.answer(sealed.signal);
    if (signal?.type !== "sealed-answer") throw new Error(`The host answered ${signal?.type}`);
    const answer = await sealed.openAnswer(signal) as Acceptance;
    assert.ok(answer.sdp);
    this.start!.answered(answer.early);
    return answer.early !== undefined;
  }

  /** Offers, and loses the answer. */
  async loseAnswer(host: TestHost): Promise<void> {
    await host.answer((await this.seal()).signal);
    this.start!.failed(false);
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, index) => byte === other[index]);
}

test("the answer brings what the backend says to the requests in the offer", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  const asked = [page.get("/a"), page.get("/b", { method: "POST", body: "hello" })];
  assert.is(await page.offer(host), true);
  assert.equal(await Promise.all(asked), ["GET /a", "POST hello"]);
  assert.equal(host.requests, ["GET /a", "POST /b"]);
  assert.is(host.sessions.connected, 1);
  await host.connect(page);
  assert.is(await page.get("/c"), "GET /c");
  await until(() => page.session.streams === 0 && host.sessions.streams === 0);
  assert.equal(host.events.filter((event) => event.startsWith("page-")).slice(-2), [
    "page-early",
    "page-connected",
  ]);
  assert.is(host.sessions.connected, 1);
});

test("each HELLO brings a secret, that of an answer too, and each works once", async () => {
  const host = new TestHost();
  let page = await TestPage.known(host);
  for (let i = 0; i < 3; i++) {
    const asked = page.get(`/${i}`);
    assert.is(await page.offer(host), true, `offer ${i}`);
    assert.is(await asked, `GET /${i}`);
    const { raw, device } = page;
    page = new TestPage(device);
    page.use(raw!);
  }
});

test("an answer waits no longer than it is set for the backend", async () => {
  const host = new TestHost();
  host.wait = 40;
  const page = await TestPage.known(host);
  const asked = [page.get("/slow"), page.get("/events"), page.get("/large")];
  const began = performance.now();
  assert.is(await page.offer(host), true);
  assert.ok(performance.now() - began < 2000);
  const [slow, events, large] = asked;
  const outcome = await Promise.race([...asked, "nothing yet"]);
  assert.is(outcome, "nothing yet");
  await host.connect(page);
  assert.is((await large!).length, LARGE);
  assert.equal(host.requests, ["GET /slow", "GET /events", "GET /large"]);
  assert.is(await Promise.race([slow, events, "still open"]), "still open");
});

test("a stream goes on over the direct channel", async () => {
  const host = new TestHost();
  host.wait = 20;
  const page = await TestPage.known(host);
  const request = { method: "GET", target: "/events", headers: [], body: null };
  const asked = sendRequest(page.session, request);
  assert.is(await page.offer(host), true);
  const reader = (await asked).body!.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  assert.is(await read(), "first ");
  await host.connect(page);
  host.release();
  assert.is(await read(), "second");
  assert.is((await reader.read()).done, true);
  assert.is(host.requests.length, 1);
});

test("an answer that has no room for more does not wait", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  const asked = [page.get("/large"), page.get("/slow")];
  assert.is(await page.offer(host), true);
  await host.connect(page);
  host.release();
  assert.equal((await Promise.all(asked)).map(({ length }) => length), [LARGE, 9]);
});

test("a session whose page never comes ends", async () => {
  const host = new TestHost({ earlyTimeout: 20 });
  const page = await TestPage.known(host);
  page.get("/slow").catch(() => {});
  host.wait = 1;
  assert.is(await page.offer(host), true);
  await until(() => host.sessions.connected === 0 && host.sessions.streams === 0);
  page.session.close();
});

test("sessions of one device whose pages have not come are few", async () => {
  const host = new TestHost();
  let page = await TestPage.known(host);
  for (let i = 0; i < MAX_AWAY + 4; i++) {
    page.get(`/${i}`).catch(() => {});
    assert.is(await page.offer(host), true);
    const { raw, device } = page;
    page = new TestPage(device);
    page.use(raw!);
  }
  assert.is(host.sessions.connected, MAX_AWAY);
});

test("a session that was connected and has resumed in an offer waits for longer", async () => {
  const host = new TestHost({ earlyTimeout: 20 });
  const page = new TestPage(await TestDevice.paired(identity, host.accessList));
  const channel = await host.connect(page);
  const asked = page.get("/slow");
  await until(() => host.requests.length === 1);
  channel.close();
  await until(() => page.session.carriers === 0 && host.sessions.connected === 0);
  page.use(page.raw!);
  host.wait = 1;
  assert.is(await page.offer(host), true);
  assert.is(host.sessions.connected, 1);
  await until(() => host.sessions.connected === 0);
  host.release();
  page.start!.failed(false);
  await host.connect(page);
  assert.is(await asked, "GET /slow");
  assert.is(host.requests.length, 1);
});

test("where the answer is lost, a POST is executed once, and the next offer brings its answer", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  const asked = page.get("/post", { method: "POST", body: "x" });
  await page.loseAnswer(host);
  await page.loseAnswer(host);
  assert.is(await page.offer(host), true);
  assert.is(await asked, "POST x");
  assert.equal(host.requests, ["POST /post"]);
});

test("where the answer is lost and the host has restarted, a POST is not executed again", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  const asked = page.get("/post", { method: "POST", body: "x" });
  await page.loseAnswer(host);
  host.restart();
  assert.is(await page.offer(host), false);
  await host.connect(page);
  assert.is((await failureOf(asked)).code, "session-lost");
  assert.equal(host.requests, ["POST /post"]);
});

for (
  const [what, change] of [
    ["the host has restarted", (host: TestHost) => host.restart()],
    ["the host gives and takes none", (host: TestHost) => host.wait = 0],
    ["the secret was pushed out by newer ones", async (host: TestHost, page: TestPage) => {
      for (let i = 0; i < 8; i++) await TestPage.known(host, page.device);
    }],
    ["the device's secrets were forgotten", (host: TestHost) => {
      host.early.forget(host.accessList.devices[0]!.id);
    }],
  ] as [string, (host: TestHost, page: TestPage) => unknown][]
) {
  test(`where ${what}, requests are sent again over the direct channel`, async () => {
    const host = new TestHost();
    const page = await TestPage.known(host);
    await change(host, page);
    const asked = page.get("/post", { method: "POST", body: "x" });
    assert.is(await page.offer(host), false);
    assert.equal(host.requests, []);
    await host.connect(page);
    assert.is(await asked, "POST x");
    assert.equal(host.requests, ["POST /post"]);
  });
}

test("a secret begins one session, and resumes no other", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  const other = new TestPage(page.device);
  other.share(page.secret!);
  page.get("/1").catch(() => {});
  const asked = other.get("/2");
  assert.is(await page.offer(host), true);
  assert.is(await other.offer(host), false);
  assert.equal(host.requests, ["GET /1"]);
  await host.connect(other);
  assert.is(await asked, "GET /2");
});

test("of two offers with one secret at the same moment, one counts", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  const other = new TestPage(page.device);
  other.share(page.secret!);
  const asked = [page.get("/1"), other.get("/2")];
  const taken = await Promise.all([page.offer(host), other.offer(host)]);
  assert.equal(taken.filter(Boolean).length, 1);
  assert.is(host.requests.length, 1);
  await Promise.all([host.connect(page), host.connect(other)]);
  await Promise.all(asked);
  assert.is(host.requests.length, 2);
});

test("an offer that is sent again gets no answer and executes nothing", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  page.get("/1").catch(() => {});
  const { signal } = await page.seal();
  assert.ok(await host.answer(signal));
  assert.is(await host.answer(signal), undefined);
  assert.equal(host.requests, ["GET /1"]);
});

test("another device's secret is refused, and stays that device's", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  const thief = new TestPage(await TestDevice.paired(identity, host.accessList));
  thief.share(page.secret!);
  thief.get("/thief").catch(() => {});
  assert.is(await thief.offer(host), false);
  const asked = page.get("/mine");
  assert.is(await page.offer(host), true);
  assert.is(await asked, "GET /mine");
  assert.equal(host.requests, ["GET /mine"]);
  thief.session.close();
});

test("a revoked device's messages are not taken", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  const [device] = host.accessList.devices;
  host.accessList.devices[0] = { ...device!, revoked: [] as never };
  page.get("/1").catch(() => {});
  const sealed = await page.seal();
  const signal = await host.answer(sealed.signal);
  assert.is(outcomeOf(await sealed.openAnswer(signal as never)), "device-revoked");
  assert.equal(host.requests, []);
  page.session.close();
});

for (
  const [when, open] of [
    ["meanwhile", TestPage.known],
    ["while it pairs", (host: TestHost) => TestPage.fresh("pairing", host)],
  ] as const
) {
  test(`messages of a device that is revoked ${when} are not taken`, async () => {
    const host = new TestHost();
    const page = await open(host);
    page.get("/1").catch(() => {});
    host.onTake = () => host.early.forget(host.accessList.devices[0]!.id);
    const sealed = await page.seal();
    const answer = await sealed.openAnswer(await host.answer(sealed.signal) as never) as Acceptance;
    assert.is(answer.early, undefined);
    assert.equal(host.requests, []);
    page.session.close();
  });
}

test("whoever has the host's key and a device's tag key cannot use a device's messages", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  page.get("/1").catch(() => {});
  const recorded = (await page.seal()).signal;
  const opened = await openOffer(recorded, { host: identity.keys, device: page.device.key });
  const { early } = opened.offer;
  assert.not.ok(JSON.stringify(opened.offer).includes("GET"));
  await assertThrows(() => opened.openEarly(page.ephemeral!.privateKey as never));
  // RFC 9180 §9.1.1: with the recipient's key, anybody's name can be written. So the test does, by the
  // device's own key: with another description, or another nonce.
  const mine = await generateKeyPair();
  for (const sdp of ["v=0 of the thief", "v=0"]) {
    const forged = await page.device.seal({ sdp, early }, Date.now(), { ephemeral: mine });
    const signal = await host.answer(forged.signal);
    const answer = await forged.openAnswer(signal as never) as Acceptance;
    assert.is(answer.early, undefined);
    page.use(page.raw ?? pattern(32));
  }
  assert.equal(host.requests, []);
  page.session.close();
});

test("messages with any bit flipped are not taken", async () => {
  const host = new TestHost();
  const device = await TestDevice.paired(identity, host.accessList);
  for (const at of [0, 7, -1]) {
    const page = await TestPage.known(host, device);
    page.get("/1").catch(() => {});
    const { signal } = await page.seal();
    const { offer } = await openOffer(signal, { host: identity.keys, device: device.key });
    const ct = fromBase64url(offer.early!.ct);
    ct[at < 0 ? ct.length + at : at]! ^= 1;
    const early = { ...offer.early!, ct: toBase64url(ct) };
    const nonce = fromBase64url(signal.nonce);
    const random = { ephemeral: await generateKeyPair(), nonce };
    const again = await page.seal({ early }, { early: undefined, random });
    const answer = await again.openAnswer(await host.answer(again.signal) as never) as Acceptance;
    assert.is(answer.early, undefined);
    page.session.close();
  }
  assert.equal(host.requests, []);
  assert.ok(host.events.includes("page-refused"));
});

test("messages without a HELLO, or with one that joins, are not taken", async () => {
  const host = new TestHost();
  for (const bytes of [[], [1, 0x09], [2, 0x09, 0x00], [200], pattern(64)]) {
    const page = await TestPage.known(host);
    const take = () => new Uint8Array(bytes);
    const early = { secret: { key: (await page.secret)! }, take };
    const sealed = await page.seal({}, { early });
    const answer = await sealed.openAnswer(await host.answer(sealed.signal) as never) as Acceptance;
    assert.is(answer.early, undefined, String(bytes));
  }
});

test("a stranger gets no secret", async () => {
  const host = new TestHost();
  const page = new TestPage(await TestDevice.create(identity));
  await host.connect(page);
  assert.is(await page.get("/"), "GET /");
  assert.is(page.raw, undefined);
  page.session.close();
});

test("an offer is never above its limit, whatever waits to be sent", async () => {
  const host = new TestHost();
  const page = await TestPage.known(host);
  for (let i = 0; i < 40; i++) page.get(`/${"a".repeat(600)}${i}`).catch(() => {});
  for (const length of [10, 2000, 5000]) {
    const sealed = await page.seal({ sdp: "v=0" + "a".repeat(length) });
    const size = JSON.stringify(sealed.signal).length;
    assert.ok(size <= 8192, `${size} bytes`);
    page.start!.failed(true);
  }
  page.session.close();
});

for (const kind of ["stranger", "pairing"] as const) {
  test(`the first answers of a ${kind} come with the answer to its offer`, async () => {
    const host = new TestHost();
    const page = await TestPage.fresh(kind, host);
    const asked = [page.get("/a"), page.get("/b", { method: "POST", body: "hello" })];
    assert.is(await page.offer(host), true);
    assert.equal(await Promise.all(asked), ["GET /a", "POST hello"]);
    await host.connect(page);
    assert.is(await page.get("/c"), "GET /c");
    assert.equal(host.requests, ["GET /a", "POST /b", "GET /c"]);
    assert.is(page.raw !== undefined, kind === "pairing");
    await until(() => page.session.streams === 0 && host.sessions.streams === 0);
    assert.is(host.sessions.connected, 1);
  });

  test(`where the answer to a ${kind} is lost, a POST is executed once`, async () => {
    const host = new TestHost();
    const page = await TestPage.fresh(kind, host);
    const asked = page.get("/post", { method: "POST", body: "x" });
    await page.loseAnswer(host);
    await page.loseAnswer(host);
    assert.is(await page.offer(host), true);
    assert.is(await asked, "POST x");
    await host.connect(page);
    assert.equal(host.requests, ["POST /post"]);
  });

  test(`where the answer to a ${kind} is lost, the next connection brings it, too`, async () => {
    const host = new TestHost();
    const page = await TestPage.fresh(kind, host);
    const asked = page.get("/post", { method: "POST", body: "x" });
    await page.loseAnswer(host);
    await host.connect(page);
    assert.is(await asked, "POST x");
    assert.equal(host.requests, ["POST /post"]);
  });

  test(`where the answer to a ${kind} is lost and the host has restarted, a POST is not executed again`, async () => {
    const host = new TestHost();
    const page = await TestPage.fresh(kind, host);
    const asked = page.get("/post", { method: "POST", body: "x" });
    await page.loseAnswer(host);
    await laterStart(host);
    assert.is(await page.offer(host), false);
    await host.connect(page);
    assert.is((await failureOf(asked)).code, "session-lost");
    assert.equal(host.requests, ["POST /post"]);
  });

  test(`where the session of a ${kind} has ended meanwhile, a POST is not executed again`, async () => {
    const host = new TestHost({ earlyTimeout: 20 });
    const page = await TestPage.fresh(kind, host);
    const asked = page.get("/post", { method: "POST", body: "x" });
    await page.loseAnswer(host);
    await until(() => host.sessions.connected === 0);
    assert.is(await page.offer(host), false);
    await host.connect(page);
    assert.is((await failureOf(asked)).code, "session-lost");
    assert.equal(host.requests, ["POST /post"]);
  });

  test(`where the offer of a ${kind} was lost, the next one brings the same requests`, async () => {
    const host = new TestHost();
    const page = await TestPage.fresh(kind, host);
    const asked = page.get("/post", { method: "POST", body: "x" });
    await page.seal();
    page.start!.failed(false);
    assert.is(await page.offer(host), true);
    await host.connect(page);
    assert.is(await asked, "POST x");
    assert.equal(host.requests, ["POST /post"]);
  });

  test(`a recorded offer of a ${kind} executes nothing, also after a restart`, async () => {
    const host = new TestHost();
    const page = await TestPage.fresh(kind, host);
    page.get("/1").catch(() => {});
    const { signal } = await page.seal();
    assert.ok(await host.answer(signal));
    assert.is(await host.answer(signal), undefined);
    await laterStart(host);
    await host.answer(signal);
    assert.equal(host.requests, ["GET /1"]);
    page.session.close();
  });

  test(`a ${kind} with a secret of another session begins none, and the host may take no messages`, async () => {
    const host = new TestHost();
    const secret = makeEarlySecret();
    const page = await TestPage.fresh(kind, host);
    const other = new TestPage(page.device);
    page.make(secret);
    other.make(secret);
    page.get("/1").catch(() => {});
    const asked = other.get("/2");
    assert.is(await page.offer(host), true);
    assert.is(await other.offer(host), false);
    host.wait = 0;
    page.start!.failed(false);
    assert.is(await page.offer(host), false);
    assert.equal(host.requests, ["GET /1"]);
    await host.connect(other);
    assert.is(await asked, "GET /2");
  });
}

/** Restarts the host, later than all offers of before. */
async function laterStart(host: TestHost): Promise<void> {
  const now = Date.now();
  await until(() => Date.now() > now);
  host.restart();
}

test("a stranger's session goes on by an offer after a loss", async () => {
  const host = new TestHost();
  const page = await TestPage.fresh("stranger", host);
  const asked = page.get("/slow");
  host.wait = 20;
  assert.is(await page.offer(host), true);
  const channel = await host.connect(page);
  channel.close();
  await until(() => page.session.carriers === 0 && host.sessions.connected === 0);
  page.make();
  host.wait = 5000;
  setTimeout(host.release, 20);
  assert.is(await page.offer(host), true);
  assert.is(await asked, "GET /slow");
  assert.equal(host.requests, ["GET /slow"]);
});

test("a paired device's messages do not count under a secret of its own", async () => {
  const host = new TestHost();
  const page = new TestPage(await TestDevice.paired(identity, host.accessList));
  const asked = page.get("/post", { method: "POST", body: "x" });
  const secret = await makeEarlySecret();
  page.make(Promise.resolve(secret));
  assert.is(await page.start!.take(3000, { kind: "paired", time: Date.now() }), undefined);
  const take = (room: number) => page.start!.take(room, { kind: "stranger", time: Date.now() });
  const sealed = await page.seal({}, { early: { secret, take } });
  const answer = await sealed.openAnswer(await host.answer(sealed.signal) as never) as Acceptance;
  assert.is(answer.early, undefined);
  assert.equal(host.requests, []);
  page.start!.answered(undefined);
  await host.connect(page);
  assert.is(await asked, "POST x");
  assert.equal(host.requests, ["POST /post"]);
});

test("a link that was used brings no messages, but under the secret that it was used with", async () => {
  const host = new TestHost();
  const page = await TestPage.fresh("pairing", host);
  const { sender } = page.device;
  page.get("/1").catch(() => {});
  await page.loseAnswer(host);
  const thief = new TestPage(page.device);
  thief.make();
  const asked = thief.get("/2");
  assert.is(await thief.offer(host), false);
  assert.is(await page.offer(host), true);
  assert.equal(host.requests, ["GET /1"]);
  await host.connect(thief);
  assert.is(await asked, "GET /2");
  const late = new TestPage(await TestDevice.create(identity));
  late.device.sender = sender;
  late.make();
  late.get("/3").catch(() => {});
  const sealed = await late.seal();
  const answer = await sealed.openAnswer(await host.answer(sealed.signal) as never);
  assert.is(outcomeOf(answer), "pairing-used");
  assert.equal(host.requests, ["GET /1", "GET /2"]);
  late.session.close();
});

test("for a stranger with cookies at the host, messages under a secret of its own begin nothing", async () => {
  const host = new TestHost();
  const page = await TestPage.fresh("stranger", host);
  const asked = page.get("/slow");
  host.wait = 20;
  assert.is(await page.offer(host), true);
  const { release } = host;
  host.hasCookies = true;
  const thief = new TestPage(page.device);
  thief.make();
  const other = thief.get("/2");
  assert.is(await thief.offer(host), false);
  assert.equal(host.requests, ["GET /slow"]);
  // The session that it has goes on.
  (await host.connect(page)).close();
  await until(() => page.session.carriers === 0);
  page.make();
  release();
  assert.is(await page.offer(host), true);
  assert.is(await asked, "GET /slow");
  await host.connect(thief);
  assert.is(await other, "GET /2");
});

test("a flood of strangers' offers pushes nobody out, and ends at its limits", async () => {
  const host = new TestHost();
  host.wait = 20;
  const visitor = await TestPage.fresh("stranger", host);
  const asked = visitor.get("/slow");
  assert.is(await visitor.offer(host), true);
  const { release } = host;
  const away = await TestPage.fresh("stranger", host);
  const waiting = away.get("/a");
  assert.is(await away.offer(host), true);
  assert.is(await waiting, "GET /a");
  (await host.connect(away)).close();
  await until(() => away.session.carriers === 0);
  const flood = await Promise.all(
    Array.from({ length: 60 }, () => TestPage.fresh("stranger", host)),
  );
  const outcomes = await Promise.all(flood.map(async (page) => {
    page.get("/flood").catch(() => {});
    const sealed = await page.seal();
    const signal = await host.answer(sealed.signal);
    if (signal?.type !== "sealed-answer") return "nothing";
    const answer = await sealed.openAnswer(signal) as Acceptance;
    return answer.early ? "taken" : "not taken";
  }));
  // One of the strangers waits in its offer already.
  const taken = outcomes.filter((outcome) => outcome === "taken").length;
  assert.is(taken, MAX_EARLY_OF_STRANGERS - 1);
  assert.is(host.requests.filter((request) => request === "GET /flood").length, taken);
  assert.ok(outcomes.includes("not taken"));
  assert.ok(outcomes.includes("nothing"));
  const device = await TestPage.known(host);
  const known = device.get("/known");
  assert.is(await device.offer(host), true);
  assert.is(await known, "GET /known");
  release();
  await host.connect(visitor);
  assert.is(await asked, "GET /slow");
  const again = away.get("/b");
  await host.connect(away);
  assert.is(await again, "GET /b");
  for (const { session } of flood) session.close();
});

test("a stranger that offers again and again ends its own sessions", async () => {
  const host = new TestHost();
  const visitor = await TestPage.fresh("stranger", host);
  const asked = visitor.get("/slow");
  host.wait = 20;
  assert.is(await visitor.offer(host), true);
  const { release } = host;
  const { device } = await TestPage.fresh("stranger", host);
  for (let i = 0; i < MAX_EARLY_OF_STRANGERS + 4; i++) {
    const page = new TestPage(device);
    page.make();
    page.get("/again").catch(() => {});
    assert.is(await page.offer(host), true);
  }
  assert.is(host.sessions.connected, MAX_EARLY_OF_STRANGERS);
  release();
  await host.connect(visitor);
  assert.is(await asked, "GET /slow");
});

async function assertThrows(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch {
    return;
  }
  throw new LighthouseError("bad-message", "Nothing was thrown");
}

test.run();
