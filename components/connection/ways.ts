// What carries a session: a way that an attempt has opened, and the lanes beside it, which may outlive it.
import type { OpenedWay } from "./open_way.ts";

/** The ways of one session. */
export class Ways {
  /** The oldest first. */
  #all: OpenedWay[] = [];

  /** The oldest that carries the session still, or the one that has carried it last. */
  get current(): OpenedWay | undefined {
    return this.#all.find(({ isOver }) => !isOver) ?? this.#all.at(-1);
  }

  /** Takes the place of all others. */
  replace(way: OpenedWay): void {
    this.#all = [way];
  }

  /** Carries the session beside the others. @returns The way. */
  add(way: OpenedWay): OpenedWay {
    this.#all = [...this.#all.filter(({ isOver }) => !isOver), way];
    return way;
  }

  /** Carries the session alone while it is open; the others stand by. */
  lead(way: OpenedWay): void {
    this.#all = [way, ...this.#all.filter(({ isOver }) => !isOver)];
  }

  /** The session has ended. */
  clear(): void {
    this.#all = [];
  }
}
