// IndexedDB in memory, for tests: the members that device_store.ts uses. Node.js has none.

/** A database whose transactions end one turn after their last request. */
export class MemoryIndexedDb {
  /** Records of each object store by their key. */
  readonly stores = new Map<string, Map<string, unknown>>();
  /** Opened so many times. */
  opened = 0;
  /** What `open`, or the next transactions, fail with. */
  failure: { open?: Error; transaction?: Error } = {};
  /** The newest database. */
  database: { onversionchange?: () => void; isClosed: boolean } | undefined;

  /** Itself, as the code under test takes it. */
  get factory(): Pick<IDBFactory, "open"> {
    return { open: () => this.#open() as unknown as IDBOpenDBRequest };
  }

  #open() {
    if (this.failure.open) throw this.failure.open;
    const isNew = this.opened++ === 0;
    const database = {
      isClosed: false,
      close: () => void (database.isClosed = true),
      createObjectStore: (name: string) => void this.stores.set(name, new Map()),
      transaction: () => {
        if (database.isClosed) throw new DOMException("It is closed", "InvalidStateError");
        return this.#transaction();
      },
    };
    this.database = database;
    const request = { result: database, onupgradeneeded: () => {}, onsuccess: () => {} };
    queueMicrotask(() => {
      if (isNew) request.onupgradeneeded();
      request.onsuccess();
    });
    return request;
  }

  #transaction() {
    const { transaction: error } = this.failure;
    const transaction = {
      error,
      oncomplete: () => {},
      onabort: () => {},
      objectStore: (name: string) => objectStoreOf(this.stores.get(name)!),
    };
    setTimeout(() => error ? transaction.onabort() : transaction.oncomplete());
    return transaction;
  }
}

function objectStoreOf(records: Map<string, unknown>) {
  const request = (result?: unknown) => {
    const made = { result, onsuccess: () => {} };
    queueMicrotask(() => made.onsuccess());
    return made;
  };
  return {
    get: (key: string) => request(structuredClone(records.get(key))),
    put: (record: { relay: string }) => request(records.set(record.relay, structuredClone(record))),
    delete: (key: string) => request(records.delete(key)),
  };
}
