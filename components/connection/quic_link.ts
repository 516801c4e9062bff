// Adds a channel over QUIC to a session whose host can be reached so, and replaces it when it is lost. The
// session's other connections stand by meanwhile.
import { Carrier, quicProofOf, type QuicWay, type Session } from "../../wire/mod.ts";
import type { OpenedQuic, openQuic } from "./quic_way.ts";
import type { StartTimer } from "./start_timer.ts";

/**
 * Time between attempts to replace a channel, in milliseconds. An attempt's first packets may be lost with the
 * path, and browsers repeat them late, so further attempts begin beside it.
 */
const HURRY_MS = 400;

/** Time for the reason why a channel has ended, in milliseconds: another one may be in vain. */
const CLOSE_MS = 200;

/** Most attempts in a row: they cost nobody anything, but a path that is gone for so long is another one. */
const MAX_ATTEMPTS = 20;

/** Where the host is reached, and the proof of its answer, 32 bytes. */
export interface QuicTarget {
  way: QuicWay;
  proof: Uint8Array<ArrayBuffer>;
}

/** The same for attempts: with the proof that counts over QUIC, and the only session that it is about. */
interface SessionTarget {
  way: QuicWay;
  proof: Promise<Uint8Array>;
  session: Session | undefined;
}

/** Options of {@linkcode QuicLink}. */
export interface QuicLinkOptions {
  session: () => Session | undefined;
  /** A channel carries the session. */
  onOpen: (opened: OpenedQuic) => void;
  open: typeof openQuic;
  startTimer: StartTimer;
}

/** The channel over QUIC of one connection, from an answer to the next. */
export class QuicLink {
  readonly #options: QuicLinkOptions;
  #target: SessionTarget | undefined;
  /**
   * Resolves when something carries the session, which the channel can join. Only from an answer on: browsers
   * that are too old to make it show that they are.
   */
  #carried: PromiseWithResolvers<void> | undefined;
  /** Ends the attempts that are under way. */
  #attempts = new AbortController();
  #current: OpenedQuic | undefined;
  #stopTimer = () => {};

  constructor(options: QuicLinkOptions) {
    this.#options = options;
  }

  /** Whether a channel carries the session. */
  get isOpen(): boolean {
    return this.#current !== undefined && !this.#current.isOver;
  }

  /** The host has answered: opens a channel, if it offers one. */
  begin(target: QuicTarget | undefined): void {
    this.stop();
    if (!target) return;
    const { way, proof } = target;
    this.#target = { way, proof: quicProofOf(proof, way), session: this.#options.session() };
    this.#carried = Promise.withResolvers<void>();
    void this.#attempt(this.#target);
  }

  /** Something carries the session. */
  carried(): void {
    this.#carried?.resolve();
  }

  /** The host is not heard: opens another channel beside the one that was open. */
  hurry(): void {
    if (this.#current) this.#replace(MAX_ATTEMPTS);
  }

  /** The host is heard. */
  rest(): void {
    this.#stopTimer();
  }

  /**
   * Opens one more beside the one that carries the session. It has a single stream: a lost packet delays no
   * other lane.
   *
   * @throws {LighthouseError} As `openQuic`, and if the host refuses it; the signal's reason when aborted.
   */
  async add(signal: AbortSignal): Promise<OpenedQuic> {
    const { way, proof, session } = this.#target!;
    const opened = await this.#options.open(way, signal, 1);
    try {
      await join(opened, session!, await proof, signal);
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  /** Opens no more. What carries the session is the session's. */
  stop(): void {
    this.#endAttempts();
    this.#target = this.#current = undefined;
  }

  #endAttempts(): void {
    this.#stopTimer();
    this.#attempts.abort();
    this.#attempts = new AbortController();
  }

  #replace(attempts: number): void {
    this.#stopTimer();
    if (attempts === 0 || !this.#target) return;
    void this.#attempt(this.#target);
    this.#stopTimer = this.#options.startTimer(HURRY_MS, () => this.#replace(attempts - 1));
  }

  async #attempt(target: SessionTarget): Promise<void> {
    const { signal } = this.#attempts;
    try {
      const opened = await this.#options.open(target.way, signal);
      try {
        await unlessAborted(this.#carried!.promise, signal);
        const proof = await target.proof;
        // Another one may have joined in the same turn.
        signal.throwIfAborted();
        await this.#join(opened, target.session, proof);
      } catch (error) {
        opened.close();
        throw error;
      }
      await opened.closed;
      // The host may have ended, and its CLOSE be on its way.
      await new Promise<void>((resolve) => this.#options.startTimer(CLOSE_MS, resolve));
      if (this.#current === opened) this.hurry();
    } catch (error) {
      // It was ended: another one was faster, or none is wanted.
      if ((error as Error).name === "AbortError") return;
      console.info("lighthouse-tunnel does without QUIC:", (error as Error).message);
    }
  }

  /** Has the session go on over the first channel that has opened. The other attempts end. */
  async #join(opened: OpenedQuic, session: Session | undefined, proof: Uint8Array): Promise<void> {
    this.#endAttempts();
    // That session has ended, and the next one has not been answered.
    if (!session || session !== this.#options.session()) {
      this.stop();
      throw new DOMException("The session has ended", "AbortError");
    }
    this.#current = opened;
    const { signal } = this.#attempts;
    await join(opened, session, proof, signal);
    signal.throwIfAborted();
    this.#options.onOpen(opened);
  }
}

/** Has a session go on over a channel, too. @throws {unknown} The signal's reason when it is aborted. */
function join(
  { channel }: OpenedQuic,
  session: Session,
  proof: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  return unlessAborted(session.connect(new Carrier(channel), { proof, join: true }), signal);
}

/** Waits for a promise. @throws {unknown} The signal's reason when it is aborted. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const end = Promise.withResolvers<never>();
  const abort = () => end.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    await Promise.race([promise, end.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
