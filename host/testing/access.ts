// For tests: a host's key, who is invited in memory, and the pages' end of the sealing.
import {
  type Acceptance,
  type Answer,
  DEFAULT_HOST,
  derivePairingKeys,
  fingerprintOf,
  formatProtocols,
  generateKeyPair,
  importTagKey,
  type Offer,
  type Proven,
  rawPublicKey,
  readReply,
  sealOffer,
  type SealOfferOptions,
  type Sender,
  type SentOffer,
  type Signal,
} from "../../wire/mod.ts";
import type { AccessList, NewDevice } from "../access/access_list.ts";
import { Admissions } from "../access/admission.ts";
import { type Device, deviceIdOf, devicesFolder, writeDevice } from "../access/devices.ts";
import type { Identity } from "../access/host_key.ts";
import type { Pairing } from "../access/pairings.ts";

/** The origin of all test pages. */
export const ORIGIN = "https://page.example";

/** A host's key of its own. */
export async function createIdentity(): Promise<Omit<Identity, "signingKey">> {
  const keys = await generateKeyPair();
  const publicKey = await rawPublicKey(keys);
  return { keys, publicKey, fingerprint: await fingerprintOf(publicKey) };
}

/** Who is invited, in memory. */
export class MemoryAccessList implements AccessList {
  readonly devices: Device[] = [];
  readonly pairings: Pairing[] = [];

  refresh(): boolean {
    return false;
  }

  async redeem(pairing: Pairing, { key, origin, name }: NewDevice): Promise<Device | undefined> {
    const id = await deviceIdOf(key);
    if (pairing.usedBy !== undefined && pairing.usedBy !== id) return undefined;
    pairing.usedBy = id;
    const known = this.devices.find((device) => device.id === id);
    return known ?? this.add(key, { name, origin, services: pairing.services });
  }

  /** Adds a device. */
  async add(key: Uint8Array<ArrayBuffer>, known: Partial<Device> = {}): Promise<Device> {
    const device = await deviceOf(key, known);
    this.devices.push(device);
    return device;
  }

  /** Invites a device. @returns The secret of the link. */
  async invite(known: Partial<Pairing> = {}): Promise<Uint8Array<ArrayBuffer>> {
    const secret = crypto.getRandomValues(new Uint8Array(16));
    this.pairings.push({
      id: `pairing ${this.pairings.length}`,
      ...await derivePairingKeys(secret),
      name: undefined,
      services: undefined,
      expires: Infinity,
      usedBy: undefined,
      ...known,
    });
    return secret;
  }
}

/** A device as a host knows it. */
export async function deviceOf(
  key: Uint8Array<ArrayBuffer>,
  known: Partial<Device> = {},
): Promise<Device> {
  return {
    id: await deviceIdOf(key),
    name: "a phone",
    key,
    tagKey: crypto.getRandomValues(new Uint8Array(32)),
    origin: ORIGIN,
    services: undefined,
    added: 0,
    lastSeen: undefined,
    revoked: undefined,
    ...known,
  };
}

/** A page: what it knows, and what it is told. */
export class TestDevice {
  readonly keys: CryptoKeyPair;
  readonly key: Uint8Array<ArrayBuffer>;
  readonly #host: Uint8Array<ArrayBuffer>;
  /** Who it says it is. */
  sender: Sender = { kind: "stranger" };
  /** What the host gave it to show to the relay. */
  admission: string | undefined;

  private constructor(
    keys: CryptoKeyPair,
    key: Uint8Array<ArrayBuffer>,
    host: Uint8Array<ArrayBuffer>,
  ) {
    this.keys = keys;
    this.key = key;
    this.#host = host;
  }

  /** A page that knows the host's key and nothing more. */
  static async create({ publicKey }: Pick<Identity, "publicKey">): Promise<TestDevice> {
    const keys = await generateKeyPair();
    return new TestDevice(keys, await rawPublicKey(keys), publicKey);
  }

  /** A page that is paired. */
  static async paired(
    identity: Pick<Identity, "publicKey">,
    accessList: Pick<MemoryAccessList, "add">,
    known: Partial<Device> = {},
  ): Promise<TestDevice> {
    const device = await TestDevice.create(identity);
    await device.use((await accessList.add(device.key, known)).tagKey);
    return device;
  }

  /** Takes what the host hands over at pairing. */
  async use(tagKey: Uint8Array<ArrayBuffer>): Promise<void> {
    this.sender = { kind: "paired", tagKey: await importTagKey(tagKey) };
  }

  /** The subprotocols that it offers to the relay: none if it has nothing to show. */
  get protocols(): string[] {
    const { admission: value } = this;
    return value === undefined ? [] : formatProtocols({ host: DEFAULT_HOST, value });
  }

  /** Seals an offer. */
  seal(
    offer: Partial<Offer> = {},
    time = Date.now(),
    rest: Partial<SealOfferOptions> = {},
  ): Promise<SentOffer> {
    return sealOffer({ sdp: "v=0", origin: ORIGIN, ...offer }, {
      hostKey: this.#host,
      device: this.keys,
      sender: this.sender,
      time,
      ...rest,
    });
  }

  /**
   * Offers, and opens the answer.
   *
   * @param ask Brings the signal to the host and its answer back, as JSON does.
   * @returns Undefined if there was no answer; a plain refusal as it is.
   */
  async offer(
    ask: (data: unknown) => Promise<Signal | undefined>,
    offer: Partial<Offer> = {},
    time?: number,
  ): Promise<Answer | Extract<Signal, { type: "refused" }> | undefined> {
    const sealed = await this.seal(offer, time);
    const signal = await ask(overJson(sealed.signal));
    if (!signal) return undefined;
    const reply = await readReply({ kind: "signal", data: overJson(signal) }, sealed);
    if (reply.by !== "host") return { type: "refused", ...reply.refused };
    if ("admission" in reply.answer) this.admission = reply.answer.admission;
    return reply.answer;
  }
}

/** Pairs a device with the host of a state folder. @returns Its page, and its id. */
export async function pairDevice(
  state: string,
  identity: Pick<Identity, "publicKey">,
  name: string,
): Promise<TestDevice & { id: string }> {
  const device = await TestDevice.create(identity);
  const known = await deviceOf(device.key, { name });
  await writeDevice(devicesFolder(state), known);
  await device.use(known.tagKey);
  const admissions = await Admissions.open({ state, host: () => DEFAULT_HOST });
  device.admission = await admissions.value();
  return Object.assign(device, { id: known.id });
}

/** An answer that accepts. @throws {Error} If it does not. */
export function accepted(answer: Awaited<ReturnType<TestDevice["offer"]>>): Acceptance & Proven {
  if (answer && "sdp" in answer) return answer;
  throw new Error(`The host answered: ${outcomeOf(answer)}`);
}

/** What happened to an offer, in one word: `answer`, the code of a refusal, or `nothing`. */
export function outcomeOf(
  answer: Answer | Extract<Signal, { type: "refused" }> | undefined,
): string {
  if (!answer) return "nothing";
  if ("type" in answer) return `plain ${answer.code}`;
  return "refused" in answer ? answer.refused.code : "answer";
}

function overJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
