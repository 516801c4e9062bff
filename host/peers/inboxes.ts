// The messages that wait to be read, of all connections. node-datachannel's threads hand over whatever
// arrives and wait for nothing, so the host bounds here what waits, and for how long it reads: between
// two turns of the event loop for some milliseconds, and where several principals send, each its part.

/** Most bytes and most messages of a connection that wait: an honest end sends half as much (docs/wire.md, "Pacing"). */
const MAX_BYTES = 2 * 1024 * 1024;
const MAX_MESSAGES = 65_536;

/** Reading in one turn, in milliseconds: a message more ends it. */
const SLICE_MS = 4;

/** Time after a principal's last message for which it counts as one that sends, in milliseconds. */
const ACTIVE_MS = 1_000;

/** The part of the time that those who send share, and what each may use at once, in milliseconds. */
const SHARED_PART = 0.5;
const BURST_MS = 20;

/** What a principal may owe, in milliseconds: so it rests for a limited time. */
const MAX_DEBT_MS = 50;

/**
 * Time that a message may take without counting, in milliseconds: a few microseconds, and some more for
 * each KiB. Bodies stay within it. So do not messages that are made to be slow.
 */
const FREE_MS = 0.005;
const FREE_MS_PER_KIB = 0.006;

/** Time until those that rest are looked at again, in milliseconds. */
const REST_MS = 5;

/** A message, as it came: text is none of the protocol, but a peer can send it. */
type Message = Uint8Array<ArrayBuffer> | string;

/** Options of {@linkcode Inboxes}. */
export interface InboxesOptions {
  /** A clock in milliseconds. @default performance.now */
  now?: () => number;
  /** Calls back in the next turn of the event loop. @default setImmediate */
  soon?: (callback: () => void) => void;
  /** Calls back after a time in milliseconds. @default setTimeout */
  later?: (callback: () => void, ms: number) => void;
}

/** Options of {@linkcode Inboxes.open}. */
export interface InboxOptions {
  /** Whose the connection is: those of one owner share its part of the time. */
  owner: string;
  read: (message: Message) => void;
  /** Called once when more waits than an honest end sends. All of it is dropped, and all that follows. */
  onOverflow: () => void;
}

/** The inbox of a connection. */
export interface Inbox {
  /** Reads a message at once if it may, and otherwise as soon as it may. */
  push(message: Message): void;
  /** Resolves when all messages before have been read; undefined if none waits. */
  whenRead(): Promise<void> | undefined;
  /** The connection has ended: calls back when all messages before have been read. */
  end(then: () => void): void;
}

/** Who sends, and what it has used. */
class Owner {
  /** Milliseconds that it may use; without any, it rests. */
  credit = BURST_MS;
  refilled: number;
  /** When its last message came. */
  active = -Infinity;
  inboxes = 0;
  /** Messages and ends of connections, in order, from `#next` on. */
  readonly #waiting: (() => void)[] = [];
  #next = 0;

  constructor(now: number) {
    this.refilled = now;
  }

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length;
  }

  add(act: () => void): void {
    this.#waiting.push(act);
  }

  take(): () => void {
    const act = this.#waiting[this.#next++]!;
    // Seldom: to shift each would take as long as the queue.
    if (this.#next * 2 > this.#waiting.length) this.#waiting.splice(0, this.#next), this.#next = 0;
    return act;
  }
}

/** All inboxes of a host. */
export class Inboxes {
  readonly #now: () => number;
  readonly #soon: (callback: () => void) => void;
  readonly #later: (callback: () => void, ms: number) => void;
  readonly #owners = new Map<string, Owner>();
  /** Milliseconds of reading in the present turn. */
  #used = 0;
  #isScheduled = false;

  constructor(options: InboxesOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#soon = options.soon ?? setImmediate;
    this.#later = options.later ?? setTimeout;
  }

  /** Opens the inbox of a connection. */
  open({ owner: name, read, onOverflow }: InboxOptions): Inbox {
    const owner = this.#ownerOf(name);
    owner.inboxes++;
    let bytes = 0;
    let messages = 0;
    let isDropped = false;
    return {
      push: (message) => {
        if (isDropped) return;
        const now = owner.active = this.#now();
        const act = () => {
          if (!isDropped) this.#read(owner, message.length, () => read(message));
        };
        if (owner.isEmpty && this.#mayRead(owner, now)) {
          act();
          return this.#schedule();
        }
        bytes += message.length;
        messages++;
        if (bytes > MAX_BYTES || messages > MAX_MESSAGES) {
          isDropped = true;
          // In a turn of its own: node-datachannel never frees what it still holds at the close.
          return this.#soon(onOverflow);
        }
        owner.add(() => {
          bytes -= message.length;
          messages--;
          act();
        });
        this.#schedule();
      },
      whenRead: () => {
        if (owner.isEmpty || isDropped) return undefined;
        return new Promise((resolve) => owner.add(resolve));
      },
      end: (then) => {
        owner.inboxes--;
        if (owner.isEmpty || isDropped) then();
        else owner.add(then);
      },
    };
  }

  #ownerOf(name: string): Owner {
    const now = this.#now();
    for (const [name, { inboxes, isEmpty, active }] of this.#owners) {
      if (inboxes === 0 && isEmpty && now - active > ACTIVE_MS) this.#owners.delete(name);
    }
    const owner = this.#owners.get(name) ?? new Owner(now);
    this.#owners.set(name, owner);
    return owner;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#soon(() => this.#turn());
  }

  /** Reads what waits, a message of each owner in turn. */
  #turn(): void {
    this.#used = 0;
    this.#isScheduled = false;
    let hasRead = true;
    while (hasRead) {
      hasRead = false;
      for (const owner of this.#owners.values()) {
        if (owner.isEmpty || !this.#mayRead(owner, this.#now())) continue;
        owner.take()();
        hasRead = true;
      }
    }
    const waiting = [...this.#owners.values()].some(({ isEmpty }) => !isEmpty);
    if (!waiting) return;
    if (this.#used > 0) return this.#schedule();
    this.#isScheduled = true;
    this.#later(() => this.#turn(), REST_MS);
  }

  #read(owner: Owner, size: number, read: () => void): void {
    const start = this.#now();
    read();
    const elapsed = this.#now() - start;
    this.#used += elapsed;
    const counted = elapsed - FREE_MS - FREE_MS_PER_KIB * size / 1024;
    if (counted > 0) owner.credit = Math.max(-MAX_DEBT_MS, owner.credit - counted);
  }

  #mayRead(owner: Owner, now: number): boolean {
    return this.#used < SLICE_MS && (owner.credit > 0 || !this.#rests(owner, now));
  }

  /** Whether an owner has used its part, while others send as well. */
  #rests(owner: Owner, now: number): boolean {
    let active = 0;
    for (const { active: at } of this.#owners.values()) if (now - at < ACTIVE_MS) active++;
    const part = SHARED_PART / Math.max(1, active);
    owner.credit = Math.min(BURST_MS, owner.credit + (now - owner.refilled) * part);
    owner.refilled = now;
    return active > 1 && owner.credit <= 0;
  }
}

/** The inboxes of this host. */
export const inboxes = new Inboxes();
