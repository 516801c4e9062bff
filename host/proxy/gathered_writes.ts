// Writes the body of a request to a backend with few system calls.
import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

/** A chunk of at least BULK bytes is usually followed by others: it waits GATHER_MS for them. */
const BULK = 16 * 1024;
const GATHER_MS = 3;

/** Gathers writes to a request into one system call: each call costs as much as sending 16 KiB. */
export class GatheredWrites {
  readonly #outgoing: ClientRequest;
  #corked: Socket | undefined;

  constructor(outgoing: ClientRequest) {
    this.#outgoing = outgoing;
  }

  /** @returns Whether there is room for more. */
  write(chunk: Uint8Array): boolean {
    const { socket } = this.#outgoing;
    if (socket && !this.#corked) {
      this.#corked = socket;
      socket.cork();
      const release = () => this.release();
      if (chunk.length < BULK) setImmediate(release);
      else setTimeout(release, GATHER_MS);
    }
    const hasRoom = this.#outgoing.write(chunk);
    if (!hasRoom) this.release();
    return hasRoom;
  }

  /** Sends the gathered writes. */
  release(): void {
    this.#corked?.uncork();
    this.#corked = undefined;
  }
}

/** Resolves when a request has room for more, or has ended. */
export function roomIn(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
  });
}
