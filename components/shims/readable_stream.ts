// In place of the package readable-stream when simple-peer is bundled: 10 KiB gzipped, of which
// simple-peer's messages need an emitter. See docs/decisions.md.

type Listener = (...values: never[]) => unknown;

/**
 * What simple-peer 9.11.1 uses of the class that it extends. Messages come as `data` events at once,
 * whoever listens; there is no `write`, `pipe` or `pause`, since components/connection/peer.ts sends by `send`.
 */
export class Duplex {
  /** Asked before `push(null)`. */
  readonly _readableState = { ended: false };
  /** Asked before `end()`. */
  readonly _writableState = { finished: false };
  readonly #listeners = new Map<string, Listener[]>();

  /** Takes a message from the data channel; `null` is the end of them, which `close` tells too. */
  push(message: unknown): void {
    if (message !== null) this.emit("data", message);
  }

  /** Nothing is ever queued here that would have to go out first. */
  end(): void {}

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...this.#listeners.get(event) ?? [], listener]);
    return this;
  }

  once(event: string, listener: Listener): this {
    const once = (...values: never[]) => {
      this.removeListener(event, once);
      listener(...values);
    };
    return this.on(event, once);
  }

  removeListener(event: string, listener: Listener): this {
    const left = this.#listeners.get(event)?.filter((other) => other !== listener);
    this.#listeners.set(event, left ?? []);
    return this;
  }

  /** Calls those who listen at the moment, in the order in which they came. */
  emit(event: string, ...values: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...values as never[]);
  }
}
