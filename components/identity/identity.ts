// Which host this browser dials, and as which device: the rules for the records of device_store.ts.
import {
  type EarlySecret,
  generateKeyPair,
  type IceConfig,
  type IceServer,
  importResumptionSecret,
  importTagKey,
  LighthouseError,
  makeEarlySecret,
  type PairingLink,
  type Sender,
} from "../../wire/mod.ts";
import { ENGLISH } from "../texts/english.ts";
import { wrongOrigin } from "./check_page.ts";
import type { DeviceName, DeviceRecord, DeviceStore, KeptLink } from "./device_store.ts";

/** Seals an offer: who sends it, and to whom. */
export interface Identity {
  /** The host's public key, 65 bytes: only the host can open the offer. */
  hostKey: Uint8Array<ArrayBuffer>;
  /** This device's key pair. */
  keys: CryptoKeyPair;
  sender: Sender;
  /** The host's name for this device, where it knows the device. */
  device?: DeviceName;
  /** What this device shows to the relay, if the host gave it something to show. */
  admission?: string;
  /** Whether the newest connection needed the relay. */
  needsRelay?: boolean;
}

/** What this browser knows of a host. */
interface Known {
  record?: DeviceRecord;
  link?: KeptLink;
}

/** Options of {@linkcode Identities}. */
export interface IdentitiesOptions {
  store: DeviceStore;
  /** The relay's URL: this browser knows one host for each. */
  relay: string;
  /** The host's public key, where the page names it. Otherwise a pairing link brings the key. */
  pinned?: Uint8Array<ArrayBuffer>;
  /** The page's origin. */
  origin: string;
  /** Milliseconds since 1970. @default Date.now */
  now?: () => number;
}

/** Time after which an unused link is forgotten, in milliseconds. Hosts forget theirs after ten minutes. */
const LINK_MS = 3_600_000;

/** Advice for a browser that is not paired. */
export const HOW_TO_PAIR = ENGLISH["not-paired"];

/** The identities of this browser at one relay. */
export class Identities {
  readonly #options: IdentitiesOptions;
  /** Of a stranger, in a window that keeps nothing. */
  #passing: Promise<CryptoKeyPair> | undefined;
  /** The host's ICE servers, as of its newest answer. */
  #iceServers: IceServer[] = [];
  #hasNewIceServers = false;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
  }

  /**
   * Gives the identity to dial with: the opened link's, else the pairing's, else a stranger's.
   *
   * @throws {LighthouseError} `not-paired` if the host's key is not known; `wrong-origin` if
   * another site was paired; `unsupported` where the browser keeps nothing.
   */
  async current(): Promise<Identity> {
    return await this.#identityIn(await this.#read());
  }

  async #identityIn({ record, link }: Known): Promise<Identity> {
    const { pinned, origin } = this.#options;
    if (link) {
      const { hostKey, keys, secret, admission } = link;
      return { hostKey, keys, sender: { kind: "pairing", secret }, admission };
    }
    if (record && record.origin !== origin) throw wrongOrigin();
    this.#iceServers = record?.iceServers ?? [];
    if (record) {
      const { hostKey, keys, tagKey, device, admission, needsRelay } = record;
      return {
        hostKey,
        keys,
        sender: tagKey ? { kind: "paired", tagKey } : { kind: "stranger" },
        device,
        admission,
        needsRelay,
      };
    }
    if (!pinned) {
      throw new LighthouseError("not-paired", `This browser is not paired. ${HOW_TO_PAIR}`);
    }
    return {
      hostKey: pinned,
      keys: await this.#strangerKeys(pinned),
      sender: { kind: "stranger" },
    };
  }

  /**
   * Keeps an opened link. The next attempt uses it, whichever tab makes that.
   *
   * @throws {LighthouseError} `host-key-changed` if the page names, or this browser is paired with,
   * another host; `unsupported` where the browser keeps nothing.
   */
  async open({ hostKey, secret, admission }: PairingLink): Promise<void> {
    const { store, relay, pinned, now = Date.now } = this.#options;
    if (pinned && !isSame(hostKey, pinned)) {
      throw new LighthouseError(
        "host-key-changed",
        ENGLISH["link-of-other-page"],
      );
    }
    const { record, link } = await store.read(relay);
    if (record?.tagKey && !isSame(hostKey, record.hostKey)) {
      throw new LighthouseError(
        "host-key-changed",
        ENGLISH["link-of-other-host"],
      );
    }
    // With the same key it stays the same device to the host, however often the link is opened.
    const earlier = [link, record].find((known) => known && isSame(known.hostKey, hostKey));
    const keys = earlier?.keys ?? await generateKeyPair();
    await store.keepLink({ relay, hostKey, secret, keys, time: now(), admission });
  }

  /** Keeps the pairing when the link's host has let this device in. @param raw The tag key, 32 bytes. */
  async paired(
    { hostKey, keys }: Identity,
    device: DeviceName,
    raw: Uint8Array<ArrayBuffer>,
    admission?: string,
  ): Promise<void> {
    const { store, relay, origin } = this.#options;
    const tagKey = await importTagKey(raw);
    await store.pair({ relay, origin, hostKey, keys, tagKey, device, admission });
  }

  /** Keeps what the host has given to this device anew: a name, and something to show to the relay. */
  async renewed(device: DeviceName, admission?: string): Promise<void> {
    await this.#update((record) => ({ ...record, device, admission }));
  }

  /** Keeps whether the newest connection needed the relay: if it did, the next one does not wait for it. */
  async keepWay(needsRelay: boolean): Promise<void> {
    await this.#update((record) =>
      (record.needsRelay ?? false) === needsRelay ? record : { ...record, needsRelay }
    );
  }

  /** Keeps the host's ICE servers of its newest answer, for the next connections. */
  async keepIceServers(iceServers: IceServer[] = []): Promise<void> {
    const text = JSON.stringify(iceServers);
    this.#hasNewIceServers = iceServers.length > 0 && text !== JSON.stringify(this.#iceServers);
    this.#iceServers = iceServers;
    await this.#update((record) =>
      JSON.stringify(record.iceServers ?? []) === text ? record : { ...record, iceServers }
    );
  }

  /** Keeps a secret that the host has given for the next offer. @param raw 32 bytes. */
  async keepResumption(raw: Uint8Array<ArrayBuffer>): Promise<void> {
    const resumption = await importResumptionSecret(raw);
    await this.#update((record) => ({ ...record, resumption }));
  }

  /**
   * Takes the secret for the first messages of the next offers: the host's, or one that is made for a host
   * that does not know this device yet.
   *
   * @returns Undefined for a paired device that has none now.
   * @throws {LighthouseError} As `current` throws.
   */
  async takeEarlySecret(): Promise<EarlySecret | undefined> {
    const known = await this.#read();
    const { sender } = await this.#identityIn(known);
    if (sender.kind !== "paired") return await makeEarlySecret();
    // Whoever reads the identity at the same time would wait for a write.
    if (!known.record?.resumption) return undefined;
    let key: CryptoKey | undefined;
    // It is used once, by one tab.
    await this.#update((record) => {
      const { resumption, ...rest } = record;
      key = resumption;
      return resumption ? rest : record;
    });
    return key && { key };
  }

  /** Whether the newest answer has brought ICE servers that its offer was made without. */
  get hasNewIceServers(): boolean {
    return this.#hasNewIceServers;
  }

  /** Adds the host's ICE servers whose credentials have not expired. */
  withIceServers({ iceServers }: IceConfig): IceConfig {
    const { now = Date.now } = this.#options;
    const valid = this.#iceServers.filter(({ expires = Infinity }) => expires > now());
    return { iceServers: [...iceServers, ...valid] };
  }

  /**
   * Forgets the link, which the host does not take.
   *
   * @returns Whether this browser is paired without it.
   */
  async dropLink(): Promise<boolean> {
    const { store, relay } = this.#options;
    await store.remove(relay);
    return await this.isPaired();
  }

  /** Whether this browser is paired with the host, whether or not it has a link. */
  async isPaired(): Promise<boolean> {
    return (await this.#read()).record?.tagKey !== undefined;
  }

  /** Forgets the host, and this device's key. */
  async forget(): Promise<void> {
    this.#passing = undefined;
    this.#iceServers = [];
    await this.#options.store.remove(this.#options.relay, { all: true });
  }

  /** Changes the record of the host that the page means, if there is one. */
  async #update(change: (record: DeviceRecord) => DeviceRecord): Promise<void> {
    const { store, relay, pinned } = this.#options;
    const isMeant = ({ hostKey }: DeviceRecord) => !pinned || isSame(hostKey, pinned);
    try {
      await store.update(relay, (record) => isMeant(record) ? change(record) : record);
    } catch (error) {
      // A host that the page names may let strangers in.
      if (!pinned) throw error;
    }
  }

  /** Reads the record and link of the host that the page names, or of any. */
  async #read(): Promise<Known> {
    const { store, relay, pinned, now = Date.now } = this.#options;
    try {
      const { record, link } = await store.read(relay);
      const isMeant = (known: { hostKey: Uint8Array } | undefined) =>
        known !== undefined && (!pinned || isSame(known.hostKey, pinned));
      const isOld = link !== undefined && Math.abs(now() - link.time) >= LINK_MS;
      if (isOld) await store.remove(relay);
      return {
        record: isMeant(record) ? record : undefined,
        link: isMeant(link) && !isOld ? link : undefined,
      };
    } catch (error) {
      // A host that the page names may let strangers in.
      if (pinned) return {};
      throw error;
    }
  }

  async #strangerKeys(hostKey: Uint8Array<ArrayBuffer>): Promise<CryptoKeyPair> {
    if (this.#passing) return await this.#passing;
    const keys = await (this.#passing = generateKeyPair());
    // A connection does not wait for the disk.
    void this.#keepStranger(hostKey, keys);
    return keys;
  }

  /** Keeps a stranger's keys, so that the backend recognizes the visitor. */
  async #keepStranger(hostKey: Uint8Array<ArrayBuffer>, keys: CryptoKeyPair): Promise<void> {
    const { store, relay, origin } = this.#options;
    const passing = this.#passing;
    try {
      const { record } = await store.read(relay);
      // A pairing with another host is worth more, and the user may have forgotten the host meanwhile.
      if (!record?.tagKey && passing === this.#passing) {
        await store.keep({ relay, origin, hostKey, keys });
      }
    } catch {
      // The browser keeps nothing: the next visit counts as another visitor's.
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
