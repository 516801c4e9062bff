// Revoked is final: the ways in which a revoked device, or whoever was first with a seen link, tries to
// come back, at the real gate with the real folders.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import type { Sender } from "../../wire/mod.ts";
import { accepted, createIdentity, deviceOf, outcomeOf, TestDevice } from "../testing/access.ts";
import { FolderAccessList } from "./access_list.ts";
import {
  deviceIdOf,
  devicesFolder,
  MAX_REVOKED,
  readDevices,
  revokeDevice,
  writeDevice,
} from "./devices.ts";
import { Gate } from "./gate.ts";
import {
  cancelPairing,
  createPairing,
  pairingsFolder,
  readPairings,
  usePairing,
} from "./pairings.ts";

const test = suite("revoke", { deadline: 60_000 });

const identity = await createIdentity();

/** A device that has paired: the link that it still has, and what it was given. */
interface Paired {
  device: TestDevice;
  id: string;
  link: Sender;
  paired: Sender;
}

/** A state folder, and the host on it, which can be stopped and started. */
class Setup implements Disposable {
  readonly #state = join(temporaryFolder(), "state");
  readonly devices = devicesFolder(this.#state);
  readonly pairings = pairingsFolder(this.#state);
  accessList = FolderAccessList.open(this.#state, () => {});

  restart(): void {
    this.accessList[Symbol.dispose]();
    this.accessList = FolderAccessList.open(this.#state, () => {});
  }

  /** Offers by a link or as a paired device, at a gate of its own, whose limits are not in the way. */
  async offer(device: TestDevice, sender: Sender) {
    const { accessList } = this;
    const settings = () => ({ public: [] });
    const gate = new Gate({ identity, accessList, settings, log: () => {} });
    device.sender = sender;
    return await device.offer(async (data) => {
      const admitted = await gate.admit(data);
      return !admitted || "type" in admitted ? admitted : (await admitted.answer("v=1")).signal;
    });
  }

  /** What an offer comes to. */
  async outcome({ device }: Pick<Paired, "device">, sender: Sender): Promise<string> {
    return outcomeOf(await this.offer(device, sender));
  }

  /** Makes a link. */
  async invite(): Promise<Sender> {
    const { secret } = await createPairing(this.pairings);
    return { kind: "pairing", secret };
  }

  /** Pairs a device by a link. */
  async pair(link: Sender, device?: TestDevice): Promise<Paired> {
    device ??= await TestDevice.create(identity);
    const { tagKey } = accepted(await this.offer(device, link));
    await device.use(tagKey!);
    return { device, id: await deviceIdOf(device.key), link, paired: device.sender };
  }

  async pairNew(): Promise<Paired> {
    return await this.pair(await this.invite());
  }

  /** Revokes other devices until the first ones are forgotten. */
  async revokeOthers(): Promise<void> {
    for (let i = 0; i < MAX_REVOKED; i++) {
      const other = await deviceOf(crypto.getRandomValues(new Uint8Array(65)));
      await writeDevice(this.devices, other);
      await revokeDevice(this.devices, other.id);
    }
  }

  [Symbol.dispose](): void {
    this.accessList[Symbol.dispose]();
  }
}

test("a revoked device comes back neither by the link that it used nor by its key", async () => {
  using at = new Setup();
  const phone = await at.pairNew();
  assert.is(await at.outcome(phone, phone.link), "answer", "its answer may have been lost");
  await revokeDevice(at.devices, phone.id);
  for (let round = 0; round < 3; round++) {
    assert.is(await at.outcome(phone, phone.link), "device-revoked");
    assert.is(await at.outcome(phone, phone.paired), "device-revoked");
    if (round === 1) at.restart();
  }
  assert.equal(at.accessList.active, []);
});

test("who was first with a seen link stays out, and the right device comes in by a new link", async () => {
  using at = new Setup();
  const link = await at.invite();
  const thief = await at.pair(link);
  const owner = { device: await TestDevice.create(identity) };
  assert.is(await at.outcome(owner, link), "pairing-used");
  // Made before the revocation, as it may well be.
  const next = await at.invite();
  await revokeDevice(at.devices, thief.id);
  assert.is(await at.outcome(thief, next), "device-revoked", "it does not use the new link up");
  assert.is(await at.outcome(owner, link), "pairing-used");
  assert.is(await at.outcome(owner, next), "answer");
  for (const sender of [link, next, thief.paired]) {
    assert.is(await at.outcome(thief, sender), "device-revoked");
  }
  assert.equal(at.accessList.active.map(({ key }) => key), [owner.device.key]);
});

test("a device that was revoked while the host was stopped stays out", async () => {
  using at = new Setup();
  const phone = await at.pairNew();
  at.accessList[Symbol.dispose]();
  await revokeDevice(at.devices, phone.id);
  at.restart();
  assert.is(await at.outcome(phone, phone.link), "device-revoked");
  assert.is(await at.outcome(phone, phone.paired), "device-revoked");
});

test("a link that is made after the revocation lets the device in again, and older ones do not", async () => {
  using at = new Setup();
  const phone = await at.pairNew();
  await revokeDevice(at.devices, phone.id);
  const next = await at.invite();
  const again = await at.pair(next, phone.device);
  assert.is(again.id, phone.id);
  assert.is(await at.outcome(phone, again.paired), "answer");
  assert.is(await at.outcome(phone, next), "answer");
  assert.is(await at.outcome(phone, phone.paired), "plain not-paired", "it has another tag key");
  assert.is(await at.outcome(phone, phone.link), "device-revoked");
  // And out again.
  await revokeDevice(at.devices, phone.id);
  for (const sender of [phone.link, next, again.paired]) {
    assert.is(await at.outcome(phone, sender), "device-revoked");
    at.restart();
  }
});

test("a device that is forgotten above the limit does not come back by its link", async () => {
  using at = new Setup();
  const phone = await at.pairNew();
  await revokeDevice(at.devices, phone.id);
  await at.revokeOthers();
  at.accessList.refresh();
  assert.is([...at.accessList.devices].some(({ id }) => id === phone.id), false);
  assert.is(await at.outcome(phone, phone.link), "pairing-used");
  assert.is(await at.outcome(phone, phone.paired), "plain not-paired");
});

for (const isRunning of [true, false]) {
  test(`a device whose file was deleted ${isRunning ? "beside" : "without"} the host stays out`, async () => {
    using at = new Setup();
    const phone = await at.pairNew();
    if (!isRunning) at.accessList[Symbol.dispose]();
    rmSync(join(at.devices, `${phone.id}.json`));
    if (!isRunning) at.restart();
    assert.is(await at.outcome(phone, phone.link), "pairing-used");
    assert.is(await at.outcome(phone, phone.paired), "plain not-paired");
    assert.equal(readDevices(at.devices), []);
  });
}

/** Moments of a redemption, in which it writes to the folders. */
const moments: [moment: string, isThere: (at: Setup, id: string) => boolean][] = [
  ["before the link is used", () => true],
  ["after the link is used", (at) => readPairings(at.pairings).some(({ usedBy }) => usedBy)],
  ["after the device is written", (at, id) => readDevices(at.devices).some((one) => one.id === id)],
];
for (const [moment, isThere] of moments) {
  test(`a device that is revoked while it pairs anew stays out: ${moment}`, async () => {
    using at = new Setup();
    const phone = await at.pairNew();
    rmSync(join(at.pairings), { recursive: true });
    const next = await at.invite();
    const outcome = at.outcome(phone, next);
    await until(() => isThere(at, phone.id));
    await revokeDevice(at.devices, phone.id);
    // Before the revocation it may have been answered; it is evicted then.
    await outcome;
    assert.is(await at.outcome(phone, next), "device-revoked");
    assert.equal(at.accessList.active, []);
  });
}

test("revoking and pairing anew at random moments never ends with the device in", async () => {
  using at = new Setup();
  let phone = await at.pairNew();
  for (let round = 0; round < 25; round++) {
    const next = await at.invite();
    const pairing = at.outcome(phone, next);
    for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
    await revokeDevice(at.devices, phone.id);
    await pairing;
    for (const sender of [next, phone.link, phone.paired]) {
      const outcome = await at.outcome(phone, sender);
      assert.ok(/device-revoked|not-paired/.test(outcome), `round ${round}: ${outcome}`);
    }
    phone = await at.pair(await at.invite(), phone.device);
  }
});

test("commands at the same time end with the device out", async () => {
  using at = new Setup();
  const [phone, tablet] = [await at.pairNew(), await at.pairNew()];
  const read = (id: string) => readDevices(at.devices).find((one) => one.id === id)!;
  await Promise.all([
    revokeDevice(at.devices, phone.id),
    writeDevice(at.devices, { ...read(phone.id), name: "another" }),
    revokeDevice(at.devices, tablet.id),
    revokeDevice(at.devices, phone.id),
    writeDevice(at.devices, { ...read(tablet.id), name: "one more" }),
    at.invite(),
  ]);
  for (const one of [phone, tablet]) {
    assert.is(await at.outcome(one, one.link), "device-revoked");
    assert.is(await at.outcome(one, one.paired), "device-revoked");
  }
});

test("a mark that names no pairing revokes, too, and a link from then on lets the device in", async () => {
  using at = new Setup();
  const phone = await at.pairNew();
  writeFileSync(join(at.devices, `${phone.id}.revoked`), "");
  for (const sender of [phone.link, phone.paired]) {
    assert.is(await at.outcome(phone, sender), "device-revoked");
  }
  await until(() => readPairings(at.pairings).some(({ done }) => done));
  assert.is(await at.outcome(phone, phone.link), "device-revoked");
  assert.is(await at.outcome(phone, await at.invite()), "answer");
});

test("a link that is cancelled while a device pairs lets it in only if `pair` sees that", async () => {
  using at = new Setup();
  for (let round = 0; round < 20; round++) {
    const { pairing, secret } = await createPairing(at.pairings);
    const phone = { device: await TestDevice.create(identity) };
    const outcome = at.outcome(phone, { kind: "pairing", secret });
    for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
    await cancelPairing(at.pairings, pairing);
    const sees = readPairings(at.pairings).find(({ id }) => id === pairing.id)!.usedBy;
    if (await outcome === "answer") assert.ok(sees, `round ${round}`);
    at.restart();
  }
});

test("a host that ended between the link's use and the device's file goes on there", async () => {
  using at = new Setup();
  const { pairing, secret } = await createPairing(at.pairings);
  const phone = { device: await TestDevice.create(identity) };
  await usePairing(at.pairings, pairing.id, await deviceIdOf(phone.device.key));
  at.restart();
  const other = { device: await TestDevice.create(identity) };
  assert.is(await at.outcome(other, { kind: "pairing", secret }), "pairing-used");
  assert.is(await at.outcome(phone, { kind: "pairing", secret }), "answer");
});

test.run();
