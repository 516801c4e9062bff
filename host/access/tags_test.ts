import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { createIdentity, MemoryAccessList, TestDevice } from "../testing/access.ts";
import { findSender, type TaggedOffer } from "./tags.ts";

const test = suite("tags");

const identity = await createIdentity();

async function offerOf(device: TestDevice): Promise<TaggedOffer> {
  return (await device.seal()).signal as TaggedOffer;
}

async function devicePairingBy(secret: Uint8Array<ArrayBuffer>): Promise<TestDevice> {
  const device = await TestDevice.create(identity);
  device.sender = { kind: "pairing", secret };
  return device;
}

for (const known of [{}, { revoked: 1 }]) {
  test(`an offer's tag finds its device among others: ${JSON.stringify(known)}`, async () => {
    const accessList = new MemoryAccessList();
    await TestDevice.paired(identity, accessList);
    const device = await TestDevice.paired(identity, accessList, known);
    await TestDevice.paired(identity, accessList);
    const sender = findSender(await offerOf(device), accessList);
    assert.is(sender?.device, accessList.devices[1]);
  });
}

for (const known of [{}, { expires: 0 }, { usedBy: "another" }]) {
  test(`an offer's tag finds its pairing among others: ${JSON.stringify(known)}`, async () => {
    const accessList = new MemoryAccessList();
    await TestDevice.paired(identity, accessList);
    await accessList.invite();
    const device = await devicePairingBy(await accessList.invite(known));
    const sender = findSender(await offerOf(device), accessList);
    assert.is(sender?.pairing, accessList.pairings[1]);
  });
}

test("a tag of another host's device finds nobody", async () => {
  const accessList = new MemoryAccessList();
  await TestDevice.paired(identity, accessList);
  await accessList.invite();
  const other = await TestDevice.paired(identity, new MemoryAccessList());
  assert.is(findSender(await offerOf(other), accessList), undefined);
});

for (const field of ["time", "nonce", "enc", "ct", "tag"] as const) {
  test(`a tag covers the whole offer: ${field}`, async () => {
    const accessList = new MemoryAccessList();
    const device = await TestDevice.paired(identity, accessList);
    const [offer, other] = [await offerOf(device), await offerOf(device)];
    const changed = { ...offer, [field]: field === "time" ? offer.time + 1 : other[field] };
    assert.ok(findSender(offer, accessList));
    assert.is(findSender(changed, accessList), undefined);
  });
}

test("a pairing that the list has not read yet is found after a refresh", async () => {
  const accessList = new MemoryAccessList();
  const later = new MemoryAccessList();
  const device = await devicePairingBy(await later.invite());
  accessList.refresh = () => {
    accessList.pairings.push(...later.pairings);
    return true;
  };
  const sender = findSender(await offerOf(device), accessList);
  assert.is(sender?.pairing, later.pairings[0]);
});

test.run();
