// For tests: a page's session, and a host that keeps sessions by name as host/peers/sessions.ts does,
// joined by channels in memory that are reliable and unordered.
import { seededRandom } from "../../tools/testing/random.ts";
import type { LighthouseError } from "../error.ts";
import { Carrier } from "../session/carrier.ts";
import type { Channel } from "../session/channel.ts";
import type { LivenessRules } from "../session/liveness.ts";
import { Session } from "../session/session.ts";
import type { Stream } from "../session/stream.ts";
import { MemoryChannel } from "./channel_pair.ts";

/** Rules under which the page notices only a channel's close. */
const DEAF: LivenessRules = {
  busy: { look: 60_000, silent: 60_000 },
  idle: { look: 60_000, silent: 60_000 },
  dead: 300_000,
};

/** Options of {@linkcode Link}. */
export interface LinkOptions {
  /** Called with each stream that the page opens. Read each time. @default the host accepts no streams */
  onStream?: (stream: Stream) => void;
  /** Called with each stream that the host opens. @default the page accepts no streams */
  onPageStream?: (stream: Stream) => void;
  /** The page's `onBusy`. */
  onBusy?: () => void;
  /** The page's liveness rules. @default DEAF */
  liveness?: LivenessRules;
  /** Deadline of the page's waiting calls, in milliseconds. */
  deadline?: number;
  /** Seed of the messages' order. @default 1 */
  seed?: number;
}

/** Both ends and their channels. */
export class Link {
  readonly page: Session;
  /** The host's session with the page; undefined before the first, and after a restart. */
  host: Session | undefined;
  /** Reasons for which the page lost its carriers, in order. */
  readonly detached: LighthouseError[] = [];
  /** The page's reports of silence, in order. */
  readonly silences: boolean[] = [];
  /** Page's end and host's end of each channel, newest last. */
  readonly channels: [MemoryChannel, MemoryChannel][] = [];
  /** Carriers over the newest channel, in the same order. */
  carriers: Carrier[] = [];

  readonly #options: LinkOptions;
  readonly #random: () => number;

  constructor(options: LinkOptions = {}) {
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    const { onPageStream: onStream, liveness = DEAF, deadline, onBusy } = options;
    const onDetached = (reason: LighthouseError) => this.detached.push(reason);
    const onSilence = (silent: boolean) => this.silences.push(silent);
    this.page = new Session({
      role: "page",
      liveness,
      deadline,
      onStream,
      onDetached,
      onSilence,
      onBusy,
    });
  }

  /** Makes a channel and sends HELLO over it. */
  async connect(options?: { join?: boolean }): Promise<void> {
    const pair = MemoryChannel.pair(this.#random);
    this.channels.push(pair);
    await this.connectOver(pair, options);
  }

  /** Sends HELLO over a channel of the caller's. */
  async connectOver([page, host]: [Channel, Channel], options?: { join?: boolean }): Promise<void> {
    const [near, far] = [new Carrier(page), new Carrier(host)];
    this.carriers = [near, far];
    await Promise.all([this.page.connect(near, options), this.accept(far)]);
  }

  /** Closes the newest channel at both ends. Bytes on their way are lost. */
  cut(): void {
    this.channels.at(-1)![0].close();
  }

  /** Stops the newest channel without notice to either end. */
  die(): void {
    this.channels.at(-1)![0].die();
  }

  /** Makes the host forget everything, without notice. */
  restart(): void {
    for (const [, host] of this.channels) host.close();
    this.host?.close();
    this.host = undefined;
  }

  /** Ends both sessions. */
  async close(): Promise<void> {
    this.page.close();
    this.host?.close();
    for (const [page] of this.channels) page.close();
    await this.page.closed;
  }

  /** Takes a carrier into the host's session, or into a new one. */
  async accept(carrier: Carrier): Promise<void> {
    const hello = await carrier.hello;
    const known = this.host;
    this.host ??= this.#create(hello.session);
    this.host.accept(carrier, hello, known === undefined);
  }

  #create(id: Uint8Array): Session {
    const { onStream } = this.#options;
    const session = new Session({
      role: "host",
      id,
      liveness: DEAF,
      onStream: onStream && ((stream) => this.#options.onStream!(stream)),
    });
    session.closed.then(() => {
      if (this.host === session) this.host = undefined;
    });
    return session;
  }
}
