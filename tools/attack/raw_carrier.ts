// A carrier whose end sends any bytes. It answers PINGs, so that the host does not take it for dead.
import { type Channel, isErrorCode } from "../../wire/mod.ts";
import { decodeMessage, encodeMessage, type Frame } from "../../wire/session/frame.ts";
import { type Hello, ID_BYTES, INITIAL_LIMITS } from "../../wire/session/hello.ts";

/** Most bytes on their way that an end which keeps the protocol may have, so that no host objects. */
const IN_PACE = 256 * 1024;

/** Most bytes in the channel's queue, of an end that does not wait for ACKs. */
const QUEUED = 1024 * 1024;

/** Options of {@linkcode RawCarrier.open}: the proof, and members of the HELLO. */
export interface RawCarrierOptions extends Partial<Hello> {
  /** Called with each frame of the host but ACK, PING and PONG. */
  onFrame?: (frame: Frame) => void;
}

/** An open carrier. */
export class RawCarrier {
  /** Resolves when it ends, with the host's code, or `connection-lost`. */
  readonly ended: Promise<string>;
  readonly #channel: Channel;
  readonly #onFrame: (frame: Frame) => void;
  readonly #ended = Promise.withResolvers<string>();
  readonly #greeted = Promise.withResolvers<void>();
  #isOpen = true;
  #sent = 0;
  #acked = 0;

  private constructor(channel: Channel, onFrame: (frame: Frame) => void) {
    this.#channel = channel;
    this.#onFrame = onFrame;
    this.ended = this.#ended.promise;
    channel.onmessage = (message) => this.#receive(message as Uint8Array<ArrayBuffer>);
    channel.onclose = () => this.#end("connection-lost");
  }

  /** Says HELLO. Resolves when the host has answered, or refused it. */
  static async open(channel: Channel, options: RawCarrierOptions): Promise<RawCarrier> {
    const { onFrame = () => {}, ...hello } = options;
    const carrier = new RawCarrier(channel, onFrame);
    carrier.send([{
      type: "hello",
      hello: {
        session: crypto.getRandomValues(new Uint8Array(ID_BYTES)),
        mode: "new",
        streams: INITIAL_LIMITS.streams,
        credit: INITIAL_LIMITS.credit,
        next: 1,
        held: [],
        ...hello,
      },
    }]);
    await Promise.race([carrier.#greeted.promise, carrier.ended]);
    return carrier;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether an end that keeps the protocol may send now. */
  get isInPace(): boolean {
    return this.#sent - this.#acked < IN_PACE;
  }

  /** Whether the channel takes more, whatever the host has acknowledged. */
  get hasRoom(): boolean {
    return this.#channel.bufferedAmount < QUEUED;
  }

  send(frames: Frame[]): void {
    this.sendBytes(encodeMessage(frames));
  }

  sendBytes(message: Uint8Array<ArrayBuffer>): void {
    this.#sent += message.length;
    this.#channel.send(message);
  }

  #receive(message: Uint8Array<ArrayBuffer>): void {
    for (const frame of decodeMessage(message)) {
      if (frame.type === "ack") this.#acked = frame.bytes;
      else if (frame.type === "ping") this.send([{ type: "pong", token: frame.token }]);
      else if (frame.type === "hello") this.#greeted.resolve();
      else if (frame.type === "close") this.#end(isErrorCode(frame.code) ? frame.code : "closed");
      else if (frame.type !== "pong") this.#onFrame(frame);
    }
  }

  #end(code: string): void {
    this.#isOpen = false;
    this.#ended.resolve(code);
  }
}
