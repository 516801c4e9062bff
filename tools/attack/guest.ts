// A guest of a host: a paired device, or a stranger of a public host. It can keep the protocol or break it.
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { readIdentity } from "../../host/access/host_key.ts";
import { pairDevice, TestDevice } from "../../host/testing/access.ts";
import { type PageAnswer, TestPage } from "../../host/testing/page.ts";
import {
  type Channel,
  LighthouseError,
  type Session,
  type SessionOptions,
} from "../../wire/mod.ts";
import { connectPage } from "../../wire/testing/session_pair.ts";
import { dial } from "../testing/dial.ts";
import { connectRelayed, type RelayedPage } from "../testing/relayed_page.ts";
import { RawCarrier, type RawCarrierOptions } from "./raw_carrier.ts";

/** What a guest did and met: numbers by name, such as `messages` or `bad-frame`. */
export type Counts = Record<string, number>;

/** What a guest needs. */
export interface GuestPlan {
  /** The relay's URL, and an origin that it allows. */
  relay: string;
  origin: string;
  /** The host's state folder, which takes the device. */
  state: string;
  /** Whether the guest stays a stranger. */
  isStranger: boolean;
}

/** Limit for a connection to open, in milliseconds. */
const OPEN_MS = 5_000;

/** Limit for the first success, in milliseconds. */
const START_MS = 20_000;

/** A connection that is open, with the proof that its HELLO shows. */
export interface OpenConnection {
  page: TestPage;
  channel: Channel;
  proof: Uint8Array | undefined;
}

/** The guest, as attacks use it. */
export class Guest {
  readonly #plan: GuestPlan;
  readonly device: TestDevice;
  /** Its id at the host; undefined for a stranger. */
  readonly id: string | undefined;
  /** What it did and met. */
  readonly counts: Counts = {};
  readonly #ending = new AbortController();
  #duration: number | undefined;
  readonly #held: unknown[] = [];
  readonly #pages = new Set<TestPage>();
  readonly #sessions: Session[] = [];

  private constructor(plan: GuestPlan, device: TestDevice & { id?: string }) {
    this.#plan = plan;
    this.device = device;
    this.id = device.id;
  }

  /** Makes a guest: a stranger of a public host, and otherwise a paired device. */
  static async create(plan: GuestPlan, name: string): Promise<Guest> {
    const identity = await readIdentity(plan.state);
    const device = plan.isStranger
      ? await TestDevice.create(identity)
      : await pairDevice(plan.state, identity, name);
    return new Guest(plan, device);
  }

  /** Aborted when the attack's time is over. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** Bounds the attack. @param duration Time from its first success on, in milliseconds. */
  limit(duration: number): void {
    this.#duration = duration;
    setTimeout(() => this.#ending.abort(), duration + START_MS);
  }

  #succeed(): void {
    if (this.#duration === undefined) return;
    setTimeout(() => this.#ending.abort(), this.#duration);
    this.#duration = undefined;
  }

  count(what: string, number = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + number;
  }

  /** Counts an error by its code. */
  countError(error: unknown): void {
    this.count(LighthouseError.from(error, "connection-lost").code);
  }

  /** Keeps an object from being collected as garbage, which would end its connection. */
  hold<Kind>(value: Kind): Kind {
    this.#held.push(value);
    return value;
  }

  /** Sends an offer through the relay. @throws {LighthouseError} If the host refuses it. */
  async dial(sdp: string, device = this.device): Promise<PageAnswer> {
    const answer = await this.#dial(sdp, device);
    this.#succeed();
    return answer;
  }

  async #dial(sdp: string, device = this.device): Promise<PageAnswer> {
    const { relay, origin } = this.#plan;
    return await dial({ relay, origin, device, sdp });
  }

  /** Opens a connection. @throws {LighthouseError} If the host refuses it. */
  async connect(device?: TestDevice): Promise<OpenConnection> {
    const page = new TestPage();
    this.#pages.add(page);
    page.closed.then(() => this.#pages.delete(page));
    try {
      const answer = await this.#dial(await page.offer, device);
      page.accept(answer);
      const late = sleep(OPEN_MS, undefined, { ref: false });
      const channel = await Promise.race([page.channel, page.closed, late]);
      if (channel) {
        this.#succeed();
        return { page, channel, proof: answer.proof };
      }
    } catch (error) {
      page.connection.close();
      throw error;
    }
    page.connection.close();
    throw new LighthouseError("connection-failed", "The connection did not open");
  }

  /** Opens a connection for frames of any kind, and counts how it ends. */
  async connectRaw(options: RawCarrierOptions = {}): Promise<RawCarrier> {
    const { page, channel, proof } = await this.connect();
    const carrier = this.hold(await RawCarrier.open(channel, { proof, ...options }));
    carrier.ended.then((code) => {
      this.count(code);
      page.connection.close();
    });
    return carrier;
  }

  /** Begins a session that keeps the protocol. */
  async startSession(options: Partial<SessionOptions> = {}): Promise<Session> {
    const { channel, proof } = await this.connect();
    const session = await connectPage(channel, options, proof);
    this.#sessions.push(session);
    return session;
  }

  /** Begins a session through the relay that keeps the protocol. */
  async connectRelayed(): Promise<RelayedPage> {
    const { relay, origin } = this.#plan;
    const page = await connectRelayed({ relay, origin, device: this.device });
    this.#succeed();
    return page;
  }

  /** Closes all sessions and connections. */
  async leave(): Promise<void> {
    for (const session of this.#sessions) session.close();
    await Promise.all([...this.#pages].map((page) => page.close()));
  }

  /** Opens a WebSocket to the relay. */
  async openSocket(): Promise<WebSocket> {
    const { relay, origin } = this.#plan;
    const socket = this.hold(new WebSocket(relay, this.device.protocols, { origin }));
    socket.on("error", () => this.count("relay-unreachable"));
    await new Promise((resolve) => socket.on("open", resolve).on("close", resolve));
    this.#succeed();
    return socket;
  }

  /** Repeats something until the end, also when it fails: then after a pause. */
  async repeat(act: () => Promise<void> | void): Promise<void> {
    while (!this.ending.aborted) {
      try {
        await act();
      } catch (error) {
        this.countError(error);
        await this.sleep(50);
      }
    }
  }

  /** Rests, at most until the end. */
  async sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.ending }).catch(() => {});
  }
}
