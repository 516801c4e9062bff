import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type ErrorCode, LighthouseError } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { Identities } from "../identity/identity.ts";
import { MemoryPeer } from "../testing/memory_peer.ts";
import { MemoryStore } from "../testing/memory_store.ts";
import type { DialOptions } from "./dial.ts";
import { dialAsDevice } from "./dial_as_device.ts";
import type { OpenedConnection } from "./open_way.ts";

const test = suite("dial as device");

const RELAY = new URL("wss://relay.example/prod");
const HOST = new Uint8Array(65).fill(1).with(0, 4) as Uint8Array<ArrayBuffer>;
const LINK = { hostKey: HOST, secret: new Uint8Array(16).fill(9) };
const DEVICE = { id: "an-id", name: "my phone" };
const TAG_KEY = new Uint8Array(32).fill(3);

/** What the host does with an attempt: lets it in, or fails. */
type Step = (options: DialOptions) => Promise<void> | void;

const letIn: Step = ({ onDevice, identity }) => {
  return onDevice(DEVICE, identity.sender.kind === "pairing" ? TAG_KEY : undefined);
};
const fail = (code: ErrorCode): Step => () => Promise.reject(new LighthouseError(code, "No"));

/** A browser, paired or not, with a link or not. */
async function setUp({ isPaired = false, hasLink = false } = {}) {
  const identities = new Identities({
    store: new MemoryStore(),
    relay: RELAY.href,
    origin: "https://me.example",
  });
  if (isPaired) {
    await identities.open(LINK);
    await identities.paired(await identities.current(), DEVICE, TAG_KEY);
  }
  if (hasLink) await identities.open(LINK);
  const seen: string[] = [];
  const end = new AbortController();
  const used: string[] = [];
  return {
    identities,
    end,
    /** The senders of the attempts, and what was called. */
    seen,
    /** The ICE servers of the attempts. */
    used,
    dial: (steps: Step[], opening?: Promise<void>) =>
      dialAsDevice(
        {
          relay: RELAY,
          ice: { iceServers: [] },
          name: "Chrome",
          identities,
          opening,
        },
        {
          skew: 5,
          onSkew: () => {},
          onAnswer: () => {},
          onDevice: ({ name }) => seen.push(`is ${name}`),
          onPaired: ({ href }) => seen.push(`paired at ${href}`),
          signal: end.signal,
          async dial(settings, options): Promise<OpenedConnection> {
            assert.is(options.skew, 5);
            used.push(settings.ice.iceServers.flatMap(({ urls }) => urls).join());
            seen.push(options.identity.sender.kind);
            await steps.shift()!(options);
            const peer = new MemoryPeer();
            return { way: peer, channel: peer.far, proof: new Uint8Array(32) };
          },
        },
      ),
  };
}

test("a link pairs: the device is kept, and the other pages hear of it", async () => {
  const { dial, seen, identities } = await setUp({ hasLink: true });
  await dial([letIn]);
  assert.equal(seen, ["pairing", `paired at ${RELAY.href}`, "is my phone"]);
  const { sender, device } = await identities.current();
  assert.is(sender.kind, "paired");
  assert.equal(device, DEVICE);
});

test("a paired browser has its name at once, and keeps a new one", async () => {
  const { dial, seen, identities } = await setUp({ isPaired: true });
  await dial([({ onDevice }) => onDevice({ ...DEVICE, name: "renamed" })]);
  assert.equal(seen, ["is my phone", "paired", "is renamed"]);
  assert.is((await identities.current()).device!.name, "renamed");
});

const cases: [code: ErrorCode, isPaired: boolean, senders: string[]][] = [
  // The host takes the link no more: a paired browser goes on without.
  ["pairing-used", true, ["pairing", "paired"]],
  ["pairing-expired", true, ["pairing", "paired"]],
  ["device-revoked", true, ["pairing", "paired"]],
  ["not-paired", true, ["pairing", "paired"]],
  // Another attempt may take it.
  ["host-offline", true, ["pairing"]],
  ["no-answer", true, ["pairing"]],
  ["unsupported", true, ["pairing"]],
  // There is nothing else to dial with.
  ["pairing-used", false, ["pairing"]],
  ["not-paired", false, ["pairing"]],
];
for (const [code, isPaired, senders] of cases) {
  const who = isPaired ? "a paired browser" : "a browser that is not paired";
  test(`a link that ends in ${code}: ${who} dials as ${senders.join(", then as ")}`, async () => {
    const { dial, seen } = await setUp({ isPaired, hasLink: true });
    const dialled = dial([fail(code), letIn]);
    if (senders.length === 1) assert.is((await failureOf(dialled)).code, code);
    else await dialled;
    assert.equal(seen.filter((each) => !/^is /.test(each)), senders);
  });
}

test("without a link, a refusal of the paired device is the outcome", async () => {
  const { dial, seen } = await setUp({ isPaired: true });
  assert.is((await failureOf(dial([fail("device-revoked")]))).code, "device-revoked");
  assert.equal(seen, ["is my phone", "paired"]);
});

test("nothing is attempted without a host, before a link is kept, or after the end", async () => {
  const { dial, seen, identities, end } = await setUp();
  assert.is((await failureOf(dial([]))).code, "not-paired");
  const kept = Promise.withResolvers<void>();
  const dialled = dial([letIn], kept.promise);
  await identities.open(LINK);
  assert.equal(seen, []);
  kept.resolve();
  await dialled;
  assert.is(seen[0], "pairing");
  const reason = new Error("enough");
  end.abort(reason);
  assert.is(await failureOf(dial([letIn])), reason);
  assert.is(await failureOf(dial([], Promise.reject(reason))), reason);
});

test("ICE servers of an answer are used by the next attempt", async () => {
  const { dial, used } = await setUp({ isPaired: true });
  const servers = [{ urls: ["turn:a"], username: "u", credential: "p" }];
  await dial([({ onIceServers }) => onIceServers!(servers)]);
  await dial([({ onIceServers }) => onIceServers!(undefined)]);
  await dial([() => {}]);
  assert.equal(used, ["", "turn:a", ""]);
});

test.run();
