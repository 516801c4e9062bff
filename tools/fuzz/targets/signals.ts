// What goes through the relay, and the links that pair.
import * as assert from "uvu/assert";
import { Gate } from "../../../host/access/gate.ts";
import { createIdentity, MemoryAccessList, TestDevice } from "../../../host/testing/access.ts";
import {
  formatPairingFragment,
  isSignedBy,
  openOffer,
  parseRelayMessage,
  parseReport,
  parseSignal,
  SECRET_BYTES,
  signHostEntry,
} from "../../../wire/mod.ts";
import { parsePairingFragment } from "../../../wire/signal/pairing.ts";
import { parseSendSignal } from "../../../wire/signal/envelope.ts";
import { parseHostEntry } from "../../../wire/signal/host_entry.ts";
import { readVectors } from "../../../wire/testing/read_vectors.ts";
import { orRefused, orRejected, type Target } from "../target.ts";

/** The messages of wire/testdata/envelopes.json. */
interface Envelopes {
  toRelay: { good: { text: string }[] };
  fromRelay: { good: { text: string }[] };
  signals: { good: { data: object }[] };
}

export const signals: Target = {
  name: "signals",
  invariant: "A signal is refused with bad-message, or read into one that is read again the same.",
  start() {
    const { good } = readVectors<Envelopes>("envelopes.json").signals;
    return (draw) => {
      const data = draw.chance(0.9) ? draw.mutateJson(draw.pick(good).data) : draw.json();
      const signal = orRefused(() => parseSignal(data), "bad-message");
      if (signal) assert.equal(parseSignal(JSON.parse(JSON.stringify(signal))), signal);
    };
  },
};

export const envelopes: Target = {
  name: "envelopes",
  invariant:
    "A message to or from the relay is refused with its code, or names nobody but a connection.",
  start() {
    const { toRelay, fromRelay } = readVectors<Envelopes>("envelopes.json");
    return (draw) => {
      const { text } = draw.pick([...toRelay.good, ...fromRelay.good]);
      const changed = draw.chance(0.5)
        ? draw.mutateText(text)
        : JSON.stringify(draw.mutateJson(JSON.parse(text))) ?? "";
      const sent = orRefused(() => parseSendSignal(changed), "bad-message", "too-large");
      if (sent?.to !== undefined) assert.match(sent.to, /^[\w+/=-]{1,128}$/);
      if (sent?.host !== undefined) assert.match(sent.host, /^[a-z0-9-]{1,32}$/);
      orRefused(() => parseRelayMessage(changed), "bad-message");
    };
  },
};

export const sealedOffers: Target = {
  name: "sealed-offers",
  invariant:
    "An offer that was changed anywhere lets nobody in: it is neither opened nor admitted.",
  async start() {
    const identity = await createIdentity();
    const accessList = new MemoryAccessList();
    const device = await TestDevice.paired(identity, accessList);
    const gate = new Gate({
      identity,
      accessList,
      settings: () => ({ public: [] }),
      log: () => {},
    });
    // Not before the gate was made.
    const { signal } = await device.seal({}, Date.now() + 1000);
    const admitted = await gate.admit(signal);
    assert.ok(admitted && "principal" in admitted, "the offer itself is admitted");
    const unchanged = JSON.stringify(signal);
    return async (draw) => {
      const changed = draw.chance(0.9)
        ? draw.mutateJson(signal)
        : { ...signal, time: draw.whole() };
      const parsed = orRefused(() => parseSignal(changed), "bad-message");
      if (parsed?.type !== "sealed-offer" || JSON.stringify(parsed) === unchanged) return;
      const admitted = await gate.admit(changed);
      assert.not.ok(admitted && "principal" in admitted, "it was admitted");
      const { tag: _, ...rest } = parsed;
      const isSealed = JSON.stringify({ ...rest, tag: signal.tag }) === unchanged;
      const keys = { host: identity.keys, device: device.key };
      const opened = await orRejected(openOffer(parsed, keys), "bad-seal", "bad-message");
      assert.not.ok(opened && !isSealed, "it was opened");
    };
  },
};

export const reports: Target = {
  name: "reports",
  invariant: "A report is read into one of at most 512 bytes that is read again the same.",
  start() {
    const full = {
      candidates: [
        "mdns",
        "private4",
        "private6",
        "public4",
        "public6",
        "srflx4",
        "srflx6",
        "relay",
      ],
      stun: "answers",
      nat: "endpoint-independent",
      turn: "unreachable",
      port: "unreachable",
      relay: "spent",
      way: "relayed",
      webrtc: "off",
      localNetwork: "denied",
      vpn: "on",
    };
    return (draw) => {
      const report = parseReport(draw.chance(0.9) ? draw.mutateJson(full) : draw.json());
      if (!report) return;
      assert.ok(JSON.stringify(report).length <= 512);
      assert.equal(parseReport(JSON.parse(JSON.stringify(report))), report);
    };
  },
};

export const hostEntries: Target = {
  name: "host-entries",
  invariant:
    "A registry's entry that was changed is refused with bad-message, or its signature is wrong.",
  async start() {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const pair = await crypto.subtle.generateKey(curve, false, ["sign", "verify"]);
    const signingKey = pair.privateKey;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const fields = { host: "laptop", connectionId: "L0SM9c=", time: 1_795_686_980_000 };
    const text = await signHostEntry({ ...fields, hostKey: publicKey, signingKey });
    const entry = parseHostEntry(text, "laptop");
    assert.ok(await isSignedBy(entry, publicKey));
    return async (draw) => {
      const changed = draw.chance(0.5)
        ? draw.mutateText(text)
        : JSON.stringify(draw.mutateJson(JSON.parse(text))) ?? "";
      const read = orRefused(() => parseHostEntry(changed, "laptop"), "bad-message");
      if (!read || JSON.stringify(read) === JSON.stringify(entry)) return;
      assert.not.ok(await isSignedBy(read, publicKey), "its signature is right");
    };
  },
};

export const pairingLinks: Target = {
  name: "pairing-links",
  invariant:
    "A fragment is no pairing link, is refused with bad-link, or gives a key and a secret.",
  start() {
    const hostKey = new Uint8Array(65).fill(7);
    hostKey[0] = 4;
    const link = formatPairingFragment({ hostKey, secret: new Uint8Array(SECRET_BYTES) });
    return (draw) => {
      const text = draw.chance(0.9) ? draw.mutateText(link) : draw.text(200);
      const parsed = orRefused(() => parsePairingFragment(text), "bad-link");
      if (!parsed) return;
      assert.is(parsed.hostKey.length, 65);
      // Links of older hosts have 16 bytes.
      assert.ok([16, SECRET_BYTES].includes(parsed.secret.length));
    };
  },
};
