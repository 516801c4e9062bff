// The browser's records of the hosts that it is paired with: the one file that knows IndexedDB. The
// database belongs to the origin, whose scripts can use the keys and cannot read them.
import { type IceServer, LighthouseError } from "../../wire/mod.ts";
import { ENGLISH } from "../texts/english.ts";

/** This browser, as a host knows it. */
export interface DeviceName {
  /** Given by the host, and the same for as long as the pairing lasts. */
  id: string;
  /** For people. */
  name: string;
}

/** A host that this browser can reach: one for each relay. */
export interface DeviceRecord {
  /** The relay's URL. */
  relay: string;
  /** The site that was paired. */
  origin: string;
  /** The host's public key, 65 bytes. */
  hostKey: Uint8Array<ArrayBuffer>;
  /** This device's key pair, whose private key cannot be read. */
  keys: CryptoKeyPair;
  /** Signs offers, so that the host knows the device; undefined if it let this one in unpaired. */
  tagKey?: CryptoKey;
  device?: DeviceName;
  /** What this browser shows to the relay, from the host's newest answer. */
  admission?: string;
  /** Whether the newest connection needed the relay. */
  needsRelay?: boolean;
  /** Servers that help to connect, from the host's newest answer. */
  iceServers?: IceServer[];
  /** Lets the next offer bring first messages, once. Scripts cannot read it. */
  resumption?: CryptoKey;
}

/** A pairing link that was opened and is not used yet. */
export interface KeptLink {
  relay: string;
  hostKey: Uint8Array<ArrayBuffer>;
  /** Lets one device in, once. */
  secret: Uint8Array<ArrayBuffer>;
  /** Becomes the device's key pair: the same at each attempt. */
  keys: CryptoKeyPair;
  /** When it was opened, in milliseconds since 1970. */
  time: number;
  /** What this browser shows to the relay. */
  admission?: string;
}

/** Keeps records. Each method fails with `unsupported` where the browser keeps nothing. */
export interface DeviceStore {
  /** Reads the record and the link of a relay. */
  read(relay: string): Promise<{ record?: DeviceRecord; link?: KeptLink }>;
  /** Keeps a record in place of the relay's earlier one. */
  keep(record: DeviceRecord): Promise<void>;
  /** Changes the relay's record, if there is one: no other tab changes it meanwhile. */
  update(relay: string, change: (record: DeviceRecord) => DeviceRecord): Promise<void>;
  keepLink(link: KeptLink): Promise<void>;
  /** Keeps a record and removes the link, both or neither. */
  pair(record: DeviceRecord): Promise<void>;
  /** Removes the relay's link, and with `all` its record too. */
  remove(relay: string, options?: { all?: boolean }): Promise<void>;
}

const DATABASE = "lighthouse-tunnel";
const RECORDS = "devices";
const LINKS = "links";

/** Options of {@linkcode IndexedDbStore}. */
export interface IndexedDbStoreOptions {
  /** @default the browser's, at the first use */
  factory?: Pick<IDBFactory, "open">;
  /** Tells the stores of an origin apart. @default the page's own store */
  suffix?: string;
}

/** The origin's store. It is opened at its first use. */
export class IndexedDbStore implements DeviceStore {
  readonly #open: () => IDBOpenDBRequest;
  #opening: Promise<IDBDatabase> | undefined;
  #database: IDBDatabase | undefined;

  constructor({ factory, suffix }: IndexedDbStoreOptions = {}) {
    const name = suffix === undefined ? DATABASE : `${DATABASE} ${suffix}`;
    this.#open = () => (factory ?? indexedDB).open(name, 1);
  }

  read(relay: string): Promise<{ record?: DeviceRecord; link?: KeptLink }> {
    return this.#within("readonly", async (records, links) => {
      const [record, link] = await Promise.all([
        outcome<DeviceRecord | undefined>(records.get(relay)),
        outcome<KeptLink | undefined>(links.get(relay)),
      ]);
      return { record, link };
    });
  }

  keep(record: DeviceRecord): Promise<void> {
    return this.#within("readwrite", (records) => {
      records.put(record);
    });
  }

  update(relay: string, change: (record: DeviceRecord) => DeviceRecord): Promise<void> {
    return this.#within("readwrite", async (records) => {
      const record = await outcome<DeviceRecord | undefined>(records.get(relay));
      const changed = record && change(record);
      if (changed && changed !== record) records.put(changed);
    });
  }

  keepLink(link: KeptLink): Promise<void> {
    return this.#within("readwrite", (_records, links) => {
      links.put(link);
    });
  }

  pair(record: DeviceRecord): Promise<void> {
    return this.#within("readwrite", (records, links) => {
      records.put(record);
      links.delete(record.relay);
    });
  }

  remove(relay: string, { all = false } = {}): Promise<void> {
    return this.#within("readwrite", (records, links) => {
      links.delete(relay);
      if (all) records.delete(relay);
    });
  }

  /** Runs a transaction. Resolves once what it has written is on the disk. */
  async #within<T>(
    mode: IDBTransactionMode,
    work: (records: IDBObjectStore, links: IDBObjectStore) => T | Promise<T>,
  ): Promise<T> {
    try {
      // An open one is asked at once, before the caller does what takes time.
      const database = this.#database ??= await (this.#opening ??= prepare(this.#open()));
      const transaction = database.transaction([RECORDS, LINKS], mode);
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
      done.catch(() => {});
      const result = await work(transaction.objectStore(RECORDS), transaction.objectStore(LINKS));
      if (mode === "readwrite") await done;
      return result;
    } catch (cause) {
      // The next call opens it anew: the browser may have closed it, or the user removed it.
      this.#database = this.#opening = undefined;
      throw new LighthouseError(
        "unsupported",
        ENGLISH["no-storage"],
        { cause },
      );
    }
  }
}

async function prepare(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  request.onupgradeneeded = () => {
    request.result.createObjectStore(RECORDS, { keyPath: "relay" });
    request.result.createObjectStore(LINKS, { keyPath: "relay" });
  };
  const database = await outcome(request);
  // Another tab with a newer version must be able to change it.
  database.onversionchange = () => database.close();
  return database;
}

function outcome<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
