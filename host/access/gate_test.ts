import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type Answer, type SealedOffer, toBase64url } from "../../wire/mod.ts";
import {
  accepted,
  createIdentity,
  MemoryAccessList,
  ORIGIN,
  outcomeOf,
  TestDevice,
} from "../testing/access.ts";
import { type Admission, Gate, type GateOptions } from "./gate.ts";
import { WINDOW_MS } from "./offer_limits.ts";

const test = suite("gate", { deadline: 30_000 });

const identity = await createIdentity();

/** A gate whose clocks stand still until they are moved. */
class Setup {
  readonly accessList = new MemoryAccessList();
  readonly logged: string[] = [];
  readonly gate: Gate;
  /** Whom the gate has let in. */
  readonly admitted: Admission[] = [];
  now = 1_795_651_200_000;
  /** Prefixes of what is public. */
  public: string[];

  constructor(options: Partial<GateOptions & { public: string[] }> = {}) {
    this.public = options.public ?? [];
    this.gate = new Gate({
      identity,
      accessList: this.accessList,
      settings: () => this,
      log: (_level, _event, text) => this.logged.push(text),
      clock: () => this.now,
      steady: () => this.now,
      ...options,
    });
  }

  /** As peers.ts does it, with an answer for all who are let in. */
  readonly ask = async (data: unknown) => {
    const admitted = await this.gate.admit(data);
    if (!admitted || "type" in admitted) return admitted;
    this.admitted.push(admitted);
    return (await admitted.answer("v=1")).signal;
  };

  paired(known: Parameters<MemoryAccessList["add"]>[1] = {}): Promise<TestDevice> {
    return TestDevice.paired(identity, this.accessList, known);
  }

  async outcome(device: TestDevice, offer = {}, time = this.now): Promise<string> {
    return outcomeOf(await device.offer(this.ask, offer, time));
  }
}

test("a paired device is let in, by its name, and hears it", async () => {
  const at = new Setup();
  const device = await at.paired({ name: "Zoë’s phone", services: ["/notes"] });
  const answer = accepted(await device.offer(at.ask, { sdp: "v=0\r\n" }, at.now));
  const [known] = at.accessList.devices;
  assert.equal([answer.time, answer.sdp], [at.now, "v=1"]);
  assert.equal(answer.device, { id: known!.id, name: "Zoë’s phone" });
  assert.is(at.admitted[0]!.sdp, "v=0\r\n");
  assert.is(at.admitted[0]!.principal, known);
  assert.equal(at.logged, []);
});

test("pairing lets one device in, which is paired from then on", async () => {
  const at = new Setup();
  const secret = await at.accessList.invite({ services: ["/notes"] });
  const [phone, other] = [await TestDevice.create(identity), await TestDevice.create(identity)];
  phone.sender = other.sender = { kind: "pairing", secret };
  const answer = accepted(await phone.offer(at.ask, { name: "my phone" }, at.now));
  assert.ok(answer.tagKey);
  assert.is(answer.device!.name, "my phone");
  assert.equal(at.accessList.devices[0]!.services, ["/notes"]);
  assert.is(at.accessList.devices[0]!.origin, ORIGIN);
  assert.is(await at.outcome(other), "pairing-used");
  // Its answer may have been lost.
  const again = accepted(await phone.offer(at.ask, {}, at.now));
  assert.equal(again.tagKey, answer.tagKey);
  await phone.use(answer.tagKey);
  assert.is(await at.outcome(phone), "answer");
  at.now += 600_000;
  assert.is(await at.outcome(other), "pairing-used");
  assert.is(at.accessList.devices.length, 1);
});

test("a pairing that is over, or whose secret is another, lets nobody in", async () => {
  const at = new Setup();
  const device = await TestDevice.create(identity);
  device.sender = {
    kind: "pairing",
    secret: await at.accessList.invite({ expires: at.now + 1000 }),
  };
  at.now += 1000;
  assert.is(await at.outcome(device), "pairing-expired");
  device.sender = { kind: "pairing", secret: new Uint8Array(16) };
  assert.is(await at.outcome(device), "plain not-paired");
  assert.is(at.accessList.devices.length, 0);
});

test("what goes wrong on the host's disk is for its log, not for the page", async () => {
  const at = new Setup();
  const device = await TestDevice.create(identity);
  device.sender = { kind: "pairing", secret: await at.accessList.invite() };
  at.accessList.redeem = () => Promise.reject(new Error("ENOSPC: /home/me/.local/state"));
  const answer = await device.offer(at.ask, {}, at.now);
  assert.is(outcomeOf(answer), "host-busy");
  assert.not.match(JSON.stringify(answer), "/home/me");
  assert.match(at.logged.join(), "ENOSPC: /home/me");
});

test("a revoked device is told so, and nothing but that", async () => {
  const at = new Setup();
  const device = await at.paired({ revoked: 1 });
  assert.is(await at.outcome(device), "device-revoked");
  assert.equal(at.admitted, []);
});

test("a page of another origin than the paired one is refused", async () => {
  const at = new Setup();
  const device = await at.paired();
  const answer = await device.offer(at.ask, { origin: "https://evil.example" }, at.now);
  assert.is(outcomeOf(answer), "wrong-origin");
  assert.match((answer as { refused: { message: string } }).refused.message, ORIGIN);
});

test("who is not known gets a plain refusal, with the fingerprint of the host's key", async () => {
  const at = new Setup();
  const device = await TestDevice.paired(identity, new MemoryAccessList());
  const answer = await device.offer(at.ask, {}, at.now);
  assert.is(outcomeOf(answer), "plain not-paired");
  assert.is((answer as { hostKey: string }).hostKey, identity.fingerprint);
  const stranger = await TestDevice.create(identity);
  assert.is(await at.outcome(stranger), "plain not-paired");
  assert.is(at.gate.costs.decapsulations, 0);
});

test("a device that has pinned another host is told, and hears which this is", async () => {
  const at = new Setup();
  const device = await TestDevice.paired(await createIdentity(), at.accessList);
  const answer = await device.offer(at.ask, {}, at.now);
  assert.is(outcomeOf(answer), "plain bad-seal");
  assert.is((answer as { hostKey: string }).hostKey, identity.fingerprint);
});

test("strangers come in where the host is public, and reach what is public alone", async () => {
  const at = new Setup({ public: ["/open"] });
  const stranger = await TestDevice.create(identity);
  const answer = accepted(await stranger.offer(at.ask, {}, at.now));
  assert.equal(Object.keys(answer), ["time", "sdp", "proof"]);
  const { principal } = at.admitted[0]!;
  assert.equal(principal.services, ["/open"]);
  assert.is(principal.name, undefined);
  at.public = ["/other"];
  assert.equal(principal.services, ["/other"], "settings count for whoever is connected, too");
  const device = await at.paired();
  assert.is(await at.outcome(device), "answer");
  assert.is(at.admitted[1]!.principal.services, undefined);
});

for (const kind of ["paired", "stranger"] as const) {
  test(`an offer counts once: ${kind}`, async () => {
    const at = new Setup({ public: ["/"] });
    const device = kind === "paired" ? await at.paired() : await TestDevice.create(identity);
    const { signal } = await device.seal({}, at.now);
    assert.is((await at.ask(signal))?.type, "sealed-answer");
    for (const later of [0, 1000, WINDOW_MS - 1000]) {
      at.now += later;
      assert.is(await at.ask(signal), undefined);
    }
    at.now += 1;
    assert.is((await at.ask(signal))?.type, "sealed-answer", "it is too old by now, and refused");
    assert.is(at.admitted.length, 1);
    at.now += 2 * WINDOW_MS;
    assert.is(await at.outcome(device), "answer");
    assert.is(at.gate.costs.remembered, 1, "what is too old is forgotten");
  });
}

test("an offer from ahead counts once for as long as it is in time", async () => {
  const at = new Setup();
  const device = await at.paired();
  const { signal } = await device.seal({}, at.now + WINDOW_MS);
  assert.is((await at.ask(signal))?.type, "sealed-answer");
  at.now += 2 * WINDOW_MS - 1;
  assert.is(await at.ask(signal), undefined);
  assert.is(at.admitted.length, 1);
});

const skews = [-WINDOW_MS - 1, WINDOW_MS + 1, -86_400_000, 31_536_000_000];
for (const skew of skews) {
  test(`a clock that is ${skew} ms off is told the host's, and the next offer is let in`, async () => {
    const at = new Setup();
    at.now += 600_000;
    const device = await at.paired();
    const answer = await device.offer(at.ask, {}, at.now + skew) as Answer;
    assert.is(outcomeOf(answer), "clock-skew");
    assert.is(await at.outcome(device, {}, answer.time), "answer");
  });
}

test("an offer from before the host's start is refused: it may be one that was answered then", async () => {
  const at = new Setup();
  const device = await at.paired();
  assert.is(await at.outcome(device, {}, at.now - 1), "clock-skew");
  assert.is(await at.outcome(device), "answer");
});

for (const [ahead, expected] of [[86_400_000, "answer"], [30_000, "clock-skew"]] as const) {
  test(`a clock that is set back by ${ahead} ms after the start keeps nobody out`, async () => {
    let steady = 0;
    const at = new Setup({ steady: () => steady });
    const device = await at.paired();
    // What the process before has answered.
    const { signal } = await device.seal({}, at.now - 1);
    at.now += 10_000 - ahead;
    steady += 10_000;
    const answer = await device.offer(at.ask, {}, at.now) as Answer;
    assert.is(outcomeOf(answer), expected);
    assert.is(await at.outcome(device, {}, answer.time), "answer");
    await at.ask(signal);
    assert.is(at.admitted.length, expected === "answer" ? 2 : 1);
    at.now += 60_000;
    steady += 60_000;
    assert.is(await at.outcome(device), "answer");
  });
}

const noOrigins = [
  "null",
  "https://page.example/",
  "https://PAGE.example",
  "https://page.example\r\n2026-11-29 paired with the owner",
  "\x1b]0;title\x07https://page.example",
  "https://page\u202e.example",
  "file:///etc/passwd",
];
for (const origin of noOrigins) {
  test(`a page that gives ${JSON.stringify(origin)} as its origin is refused, and not quoted`, async () => {
    const at = new Setup({ public: ["/"] });
    const invited: TestDevice = await TestDevice.create(identity);
    invited.sender = { kind: "pairing", secret: await at.accessList.invite() };
    for (const device of [await at.paired(), invited, await TestDevice.create(identity)]) {
      assert.is(await at.outcome(device, { origin }), "wrong-origin");
    }
    assert.is(at.admitted.length, 0);
    assert.is(at.accessList.pairings[0]!.usedBy, undefined);
    assert.is(at.logged.length, 3);
    assert.is(at.logged.some((line) => line.includes(origin)), false);
  });
}

test("an offer with any part flipped is let in nowhere", async () => {
  const at = new Setup({ public: ["/"] });
  const pairing: TestDevice = await TestDevice.create(identity);
  pairing.sender = { kind: "pairing", secret: await at.accessList.invite() };
  const senders = [await at.paired(), pairing, await TestDevice.create(identity)];
  for (const device of senders) {
    const { signal } = await device.seal({}, at.now);
    for (const field of Object.keys(signal) as (keyof SealedOffer)[]) {
      for (const changed of variants(signal, field)) {
        at.now += 1000;
        const reply = await at.gate.admit(changed);
        assert.ok(!reply || "type" in reply && reply.type === "refused", JSON.stringify(changed));
      }
    }
  }
  assert.equal(at.accessList.pairings[0]!.usedBy, undefined);
});

/** A signal with one of its fields changed in several ways, or left out, or another's. */
function* variants(signal: SealedOffer, field: keyof SealedOffer): Generator<unknown> {
  const value = signal[field];
  const { [field]: _, ...without } = signal;
  yield without;
  yield { ...signal, [field]: null };
  if (typeof value === "number") {
    yield { ...signal, [field]: value + 1 };
    yield { ...signal, [field]: value - 1 };
    return;
  }
  for (const at of [0, 9, value!.length - 1]) {
    const other = value![at] === "A" ? "E" : "A";
    yield { ...signal, [field]: value!.slice(0, at) + other + value!.slice(at + 1) };
  }
  yield { ...signal, [field]: value!.slice(0, -4) };
}

test("parts of two offers do not make a third", async () => {
  const at = new Setup();
  const [one, two] = [await at.paired(), await at.paired()];
  const { signal: first } = await one.seal({}, at.now);
  const { signal: second } = await two.seal({}, at.now);
  for (const field of ["nonce", "enc", "ct", "tag"] as const) {
    const reply = await at.gate.admit({ ...first, [field]: second[field] });
    assert.is((reply as { type: string }).type, "refused", field);
  }
  const named = { ...first, device: toBase64url(one.key) };
  assert.is((await at.gate.admit(named) as { type: string }).type, "refused");
  assert.is(at.gate.costs.decapsulations, 0);
  assert.is((await at.ask(first))?.type, "sealed-answer");
});

test("a device has a limit of its own, and takes nothing from others", async () => {
  const at = new Setup();
  const [busy, other] = [await at.paired(), await at.paired()];
  const outcomes: string[] = [];
  for (let i = 0; i < 70; i++) outcomes.push(await at.outcome(busy));
  assert.equal(outcomes, [
    ...Array(40).fill("answer"),
    ...Array(20).fill("plain host-busy"),
    ...Array(10).fill("nothing"),
  ]);
  assert.is(at.gate.costs.decapsulations, 40);
  assert.is(await at.outcome(other), "answer");
  assert.is(await at.outcome(await TestDevice.create(identity)), "plain not-paired");
  at.now += 500;
  assert.is(await at.outcome(busy), "answer");
  assert.is(await at.outcome(busy), "plain host-busy");
});

test("replays and wrong clocks take nothing from a device's own offers", async () => {
  const at = new Setup();
  const device = await at.paired();
  const { signal } = await device.seal({}, at.now);
  await at.ask(signal);
  for (let i = 0; i < 100; i++) assert.is(await at.ask(signal), undefined);
  for (let i = 0; i < 100; i++) await at.outcome(device, {}, 1);
  assert.is(at.gate.costs.decapsulations, 5);
  for (let i = 0; i < 39; i++) assert.is(await at.outcome(device), "answer");
});

test("10,000 forged offers, 1,000 a second, cost no decapsulation, and a device comes in meanwhile", async () => {
  const at = new Setup();
  const device = await at.paired();
  for (let i = 0; i < 63; i++) await at.paired();
  const forger = await TestDevice.paired(identity, new MemoryAccessList());
  const { signal } = await forger.seal({ sdp: "x".repeat(1500) }, at.now);
  let replies = 0;
  for (let i = 0; i < 10_000; i++) {
    at.now += 1;
    const tag = toBase64url(crypto.getRandomValues(new Uint8Array(16)));
    if (await at.gate.admit({ ...signal, tag })) replies++;
    if (i % 1000 === 0) assert.is(await at.outcome(device), "answer");
  }
  assert.is(at.gate.costs.decapsulations, 10);
  assert.is(at.gate.costs.remembered, 10);
  assert.ok(replies <= 60, `${replies} were answered`);
  assert.ok(at.logged.length <= 60);
  assert.match(at.logged.at(-1)!, /ignored \d+ others/);
});

test("what is malformed is refused plainly, and not too often", async () => {
  const at = new Setup();
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => at.gate.admit("hello")));
  assert.is(outcomes.filter((outcome) => outcome !== undefined).length, 10);
  assert.equal(outcomes[0], {
    type: "refused",
    code: "bad-message",
    message: "Cannot parse data: expected an object, got a string",
    hostKey: identity.fingerprint,
  });
});

for (const data of [{ type: "probe", nonce: "1" }, { type: "replaced" }]) {
  test(`there is nothing to say to a ${data.type}`, async () => {
    const at = new Setup();
    assert.is(await at.gate.admit(data), undefined);
    assert.equal(at.logged, []);
  });
}

test("strangers at a public host have one limit for all of them", async () => {
  const at = new Setup({ public: ["/"] });
  const device = await at.paired();
  const outcomes: string[] = [];
  for (let i = 0; i < 60; i++) outcomes.push(await at.outcome(await TestDevice.create(identity)));
  assert.is(outcomes.filter((outcome) => outcome === "answer").length, 40);
  assert.is(await at.outcome(device), "answer");
});

test.run();
