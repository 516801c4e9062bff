// The stores in the state folder, and the daemon's view of them.
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { toBase64url } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { createIdentity, deviceOf, ORIGIN } from "../testing/access.ts";
import { FolderAccessList } from "./access_list.ts";
import {
  cleanName,
  type Device,
  devicesFolder,
  findDevice,
  freeName,
  MAX_DEVICES,
  MAX_REVOKED,
  readDevices,
  revokeDevice,
  touchDevice,
  writeDevice,
} from "./devices.ts";
import {
  cancelPairing,
  createPairing,
  MAX_PAIRINGS,
  pairingsFolder,
  readPairings,
  usePairing,
} from "./pairings.ts";
import { openFolder } from "./records.ts";

const test = suite("access list", { deadline: 30_000 });

interface Setup extends Disposable {
  state: string;
  devices: string;
  pairings: string;
  accessList: FolderAccessList;
  logged: string[];
}

function setUp(): Setup {
  const folder = temporaryFolder();
  const state = join(folder, "state");
  const logged: string[] = [];
  const accessList = FolderAccessList.open(state, (_level, _event, text) => logged.push(text));
  return {
    state,
    accessList,
    logged,
    devices: devicesFolder(state),
    pairings: pairingsFolder(state),
    [Symbol.dispose]: () => accessList[Symbol.dispose](),
  };
}

async function newKey(): Promise<Uint8Array<ArrayBuffer>> {
  return (await createIdentity()).publicKey;
}

async function addDevice(folder: string, known: Partial<Device> = {}): Promise<Device> {
  const device = await deviceOf(await newKey(), known);
  await writeDevice(folder, device);
  return device;
}

test("a device is written and read, with its marks, for the owner alone", async () => {
  using at = setUp();
  const device = await addDevice(at.devices, { services: ["/notes"], added: 1_795_651_200_000 });
  assert.equal(readDevices(at.devices), [device]);
  await touchDevice(at.devices, device.id);
  const [seen] = readDevices(at.devices);
  assert.ok(Math.abs(seen!.lastSeen! - Date.now()) < 5000);
  await revokeDevice(at.devices, device.id);
  assert.ok(readDevices(at.devices)[0]!.revoked);
  for (const name of readdirSync(at.devices)) {
    assert.is(statSync(join(at.devices, name)).mode & 0o777, 0o600, name);
  }
  assert.is(statSync(at.devices).mode & 0o777, 0o700);
});

test("the daemon sees at once what a command writes, and tells whom it revoked", async () => {
  using at = setUp();
  const revoked: string[] = [];
  at.accessList.onRevoked = ({ id }) => revoked.push(id);
  const device = await addDevice(at.devices);
  await until(() => at.accessList.active.length > 0);
  const [held] = at.accessList.active;
  await writeDevice(at.devices, { ...device, name: "renamed" });
  await until(() => held!.name === "renamed");
  assert.is(at.accessList.active[0], held, "sessions hold the object");
  const started = performance.now();
  await revokeDevice(at.devices, device.id);
  await until(() => revoked.length > 0);
  assert.ok(performance.now() - started < 3_000);
  assert.equal(revoked, [device.id]);
  assert.equal(at.accessList.active, []);
  assert.is([...at.accessList.devices].length, 1, "its tag is still known");
});

test("refresh() finds a pairing before any watch has told of it", async () => {
  using at = setUp();
  const { pairing } = await createPairing(at.pairings);
  at.accessList.refresh();
  assert.equal([...at.accessList.pairings], [pairing]);
  assert.is(at.accessList.refresh(), false);
});

test("a rename that was begun before a revoke does not undo it", async () => {
  using at = setUp();
  const device = await addDevice(at.devices);
  await revokeDevice(at.devices, device.id);
  await writeDevice(at.devices, { ...device, name: "renamed" });
  at.accessList.refresh();
  assert.equal(at.accessList.active, []);
});

test("redeem() lets the first device in, again where it asks again, and no other", async () => {
  using at = setUp();
  const { pairing } = await createPairing(at.pairings, { services: ["/notes"] });
  at.accessList.refresh();
  const [held] = at.accessList.pairings;
  const [first, second] = [await newKey(), await newKey()];
  const ask = (key: Uint8Array<ArrayBuffer>) =>
    at.accessList.redeem(held!, { key, origin: ORIGIN, name: " my\u202e phone\n" });
  const answers = await Promise.all([ask(first), ask(second), ask(first)]);
  assert.is(answers[0]!.name, "my phone");
  assert.equal(answers[0]!.services, ["/notes"]);
  assert.is(answers[1], undefined);
  assert.is(answers[2], answers[0]);
  assert.is(readPairings(at.pairings)[0]!.usedBy, answers[0]!.id);
  assert.is(pairing.usedBy, undefined);
  assert.equal(readDevices(at.devices).map(({ id }) => id), [answers[0]!.id]);
});

test("two hosts on one folder let one device in by one pairing", async () => {
  using at = setUp();
  await createPairing(at.pairings);
  using other = FolderAccessList.open(at.state, () => {});
  at.accessList.refresh();
  const answers = await Promise.all([at.accessList, other].map(async (accessList) => {
    const [pairing] = accessList.pairings;
    return accessList.redeem(pairing!, { key: await newKey(), origin: ORIGIN });
  }));
  assert.is(answers.filter(Boolean).length, 1);
});

test("a process that ended between the pairing's use and the device's file goes on there", async () => {
  using at = setUp();
  const { pairing } = await createPairing(at.pairings);
  const key = await newKey();
  const { id } = await deviceOf(key);
  await usePairing(at.pairings, pairing.id, id);
  at.accessList.refresh();
  const [held] = at.accessList.pairings;
  assert.is((await at.accessList.redeem(held!, { key, origin: ORIGIN }))!.id, id);
  assert.is(at.accessList.active.length, 1);
});

test("a revoked device that pairs anew is in again, with another tag key", async () => {
  using at = setUp();
  const old = await addDevice(at.devices, { name: "my tablet" });
  await revokeDevice(at.devices, old.id);
  await createPairing(at.pairings, { services: ["/notes"] });
  at.accessList.refresh();
  const [pairing] = at.accessList.pairings;
  const device = await at.accessList.redeem(pairing!, { key: old.key, origin: ORIGIN, name: "x" });
  assert.is(device!.id, old.id);
  assert.is(device!.name, "my tablet");
  assert.is(device!.revoked, undefined);
  assert.equal(device!.services, ["/notes"]);
  assert.not.equal(device!.tagKey, old.tagKey);
});

test(`there are ${MAX_DEVICES} devices at most`, async () => {
  using at = setUp();
  for (let i = 0; i < MAX_DEVICES; i++) await addDevice(at.devices, { name: `${i}` });
  await createPairing(at.pairings);
  at.accessList.refresh();
  const [pairing] = at.accessList.pairings;
  const more = at.accessList.redeem(pairing!, { key: await newKey(), origin: ORIGIN });
  assert.is((await failureOf(more)).code, "host-busy");
  assert.is(readPairings(at.pairings)[0]!.usedBy, undefined);
});

test(`of revoked devices ${MAX_REVOKED} are remembered, and of pairings ${MAX_PAIRINGS}`, async () => {
  using at = setUp();
  for (let i = 0; i <= MAX_REVOKED; i++) {
    await revokeDevice(at.devices, (await addDevice(at.devices)).id);
  }
  assert.is(readDevices(at.devices).length, MAX_REVOKED);
  for (let i = 0; i < MAX_PAIRINGS + 3; i++) {
    const { pairing } = await createPairing(at.pairings);
    if (i < 10) await cancelPairing(at.pairings, pairing);
    else if (i < 20) await usePairing(at.pairings, pairing.id, "abc");
  }
  assert.is(readPairings(at.pairings).length, MAX_PAIRINGS);
  for (let i = 0; i < 20; i++) await createPairing(at.pairings).catch(() => {});
  assert.is((await failureOf(createPairing(at.pairings))).code, "host-busy");
  assert.ok(readdirSync(at.pairings).length <= MAX_PAIRINGS);
});

test("the secret is in no file, and what is in a pairing's does not lead to it", async () => {
  using at = setUp();
  const { secret, pairing } = await createPairing(at.pairings, { name: "x" });
  // HPKE wants 32 bytes of entropy in the psk (RFC 9180 §5.1.2).
  assert.is(secret.length, 32);
  assert.is(pairing.psk.length, 32);
  const text = readFileSync(join(at.pairings, `${pairing.id}.json`), "utf8");
  assert.not.match(text, toBase64url(secret));
});

test("files that are none are left out, and said once, without what is in them", async () => {
  using at = setUp();
  const device = await addDevice(at.devices);
  const [good, id] = [readFileSync(join(at.devices, `${device.id}.json`), "utf8"), "a".repeat(16)];
  for (
    const text of [
      "",
      "{",
      "7",
      "{}",
      good.replace(/"key": "..../, '"key": "'),
      good.replace(ORIGIN, `${ORIGIN}\\u001b[2J`),
      good.replace(ORIGIN, `${ORIGIN}/`),
      good.slice(0, 90),
    ]
  ) {
    writeFileSync(join(at.devices, `${id}.json`), text);
    assert.equal(readDevices(at.devices).map((each) => each.id), [device.id]);
  }
  writeFileSync(join(at.devices, "..json"), good);
  writeFileSync(join(at.devices, `${device.id}.json.bak`), good);
  at.accessList.refresh();
  writeFileSync(join(at.devices, `${"b".repeat(16)}.json`), "");
  at.accessList.refresh();
  assert.is(at.logged.filter((line) => line.includes(id)).length, 1);
  assert.not.match(at.logged.join(), toBase64url(device.tagKey).slice(0, 8));
});

test("a folder that others can write to is refused", () => {
  using at = setUp();
  chmodSync(at.devices, 0o770);
  assert.throws(() => openFolder(at.devices), /others can write to it.*chmod 700/);
});

const names: [given: string, clean: string | undefined][] = [
  ["my phone", "my phone"],
  ["  Zoë’s\tphone \n", "Zoë’s phone"],
  ["\x1b[31mred\x07", "[31mred"],
  ["a\u202eb\u200fc\u0000", "abc"],
  ["\u2028 \n", undefined],
  ["", undefined],
  ["x".repeat(100), "x".repeat(64)],
  ["📱".repeat(40), "📱".repeat(32)],
];
for (const [given, clean] of names) {
  test(`cleanName() makes ${JSON.stringify(clean)} of ${JSON.stringify(given).slice(0, 30)}`, () => {
    assert.is(cleanName(given), clean);
  });
}

test("devices have names of their own, and are found by id, its beginning, or name", async () => {
  const key = await newKey();
  const devices = [
    await deviceOf(key, { id: "aaaabbbbccccdddd", name: "phone" }),
    await deviceOf(key, { id: "aaaaeeeeffffgggg", name: "tablet" }),
    await deviceOf(key, { id: "hhhhiiiijjjjkkkk", name: "aaaab" }),
    await deviceOf(key, { id: "llllmmmmnnnnoooo", name: "gone", revoked: 1 }),
  ];
  assert.is(freeName(devices, "phone", "x"), "phone 2");
  assert.is(freeName(devices, "phone", "aaaabbbbccccdddd"), "phone");
  assert.is(freeName(devices, "gone", "x"), "gone");
  assert.is(findDevice(devices, "phone"), devices[0]);
  assert.is(findDevice(devices, "aaaae"), devices[1]);
  assert.is(findDevice(devices, "aaaab"), devices[2], "a name goes before an id's beginning");
  for (const text of ["aaaa", "aaa", "gone", "Phone", ""]) {
    assert.throws(() => findDevice(devices, text), /Cannot (?:find a device|tell which device)/);
  }
});

test.run();
