// For tests: the Cache API in memory, as far as the worker uses it.

/** `caches`, which keeps responses by their URLs. */
export class MemoryCaches {
  readonly stored = new Map<string, Map<string, Response>>();

  open(name: string) {
    const cache = this.stored.get(name) ?? new Map<string, Response>();
    this.stored.set(name, cache);
    return Promise.resolve({
      match: (url: URL | string) => Promise.resolve(cache.get(String(url))?.clone()),
      put: (url: URL | string, response: Response) => {
        cache.set(String(url), response);
        return Promise.resolve();
      },
    });
  }

  keys(): Promise<string[]> {
    return Promise.resolve([...this.stored.keys()]);
  }

  delete(name: string): Promise<boolean> {
    return Promise.resolve(this.stored.delete(name));
  }

  match(url: URL): Promise<Response | undefined> {
    const found = [...this.stored.values()].flatMap((cache) => cache.get(url.href) ?? [])[0];
    return Promise.resolve(found?.clone());
  }

  /** The same, as the platform's type. */
  get asCaches(): CacheStorage {
    return this as unknown as CacheStorage;
  }
}
