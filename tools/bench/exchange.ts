// The bench's protocol over channels that carry only messages: the raw one and PeerJS's. Runs in
// pages, too.
import type { Carrier } from "./page/driver.ts";
import { Receipt } from "./payload.ts";

/** A request of the near end. */
export type Question =
  | { type: "ping"; id: number }
  | { type: "download"; bytes: number }
  /** The bytes follow; over an unordered channel, some may arrive first. */
  | { type: "upload"; bytes: number };

/** An answer of the far end, besides a download's bytes. */
export type Answer =
  | { type: "pong"; id: number }
  /** The upload has arrived. */
  | { type: "stored" };

/** Sends an end's messages and payloads. */
export interface Speaker<Message> {
  tell(message: Message): void;
  /** Sends a payload as fast as the channel takes it. */
  sendPayload(bytes: number): Promise<void>;
}

/** The near end asks. Its owner calls `take` with arrivals, and `fail` when the channel ends. */
export class NearEnd implements Carrier {
  readonly #speaker: Speaker<Question>;
  readonly #lost = Promise.withResolvers<never>();
  readonly #pongs = new Map<number, () => void>();
  #serial = 0;
  #onPart = (_part: Uint8Array) => {};
  #onStored = () => {};

  constructor(speaker: Speaker<Question>) {
    this.#speaker = speaker;
    this.#lost.promise.catch(() => {});
  }

  take(arrived: Answer | Uint8Array): void {
    if (arrived instanceof Uint8Array) this.#onPart(arrived);
    else if (arrived.type === "stored") this.#onStored();
    else {
      this.#pongs.get(arrived.id)!();
      this.#pongs.delete(arrived.id);
    }
  }

  fail(error: Error): void {
    this.#lost.reject(error);
  }

  async download(bytes: number, onBegin: () => void): Promise<void> {
    const receipt = new Receipt(bytes);
    this.#onPart = (part) => {
      if (receipt.bytes === 0) onBegin();
      receipt.add(part);
    };
    this.#speaker.tell({ type: "download", bytes });
    await this.#orLost(receipt.done);
  }

  async upload(bytes: number): Promise<void> {
    const stored = new Promise<void>((resolve) => this.#onStored = resolve);
    this.#speaker.tell({ type: "upload", bytes });
    await this.#orLost(this.#speaker.sendPayload(bytes));
    await this.#orLost(stored);
  }

  async roundTrip(): Promise<void> {
    const id = ++this.#serial;
    const pong = new Promise<void>((resolve) => this.#pongs.set(id, resolve));
    this.#speaker.tell({ type: "ping", id });
    await this.#orLost(pong);
  }

  async #orLost(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#lost.promise]);
  }
}

/** The far end answers. */
export class FarEnd {
  readonly #speaker: Speaker<Answer>;
  #upload: Receipt | undefined;
  #early: Uint8Array[] = [];

  constructor(speaker: Speaker<Answer>) {
    this.#speaker = speaker;
  }

  /** @throws {Error} If an upload's bytes are wrong. */
  take(arrived: Question | Uint8Array): void {
    if (arrived instanceof Uint8Array) {
      if (this.#upload) this.#add(arrived);
      else this.#early.push(arrived);
    } else if (arrived.type === "ping") this.#speaker.tell({ type: "pong", id: arrived.id });
    else if (arrived.type === "download") void this.#speaker.sendPayload(arrived.bytes);
    else {
      this.#upload = new Receipt(arrived.bytes);
      for (const part of this.#early.splice(0)) this.#add(part);
    }
  }

  #add(part: Uint8Array): void {
    if (!this.#upload!.add(part)) return;
    this.#upload = undefined;
    this.#speaker.tell({ type: "stored" });
  }
}
