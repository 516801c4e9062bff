// Where the frames go that arrive for streams, and which streams they open (docs/wire.md, "Stream states").
import { LighthouseError } from "../error.ts";
import type { StreamFrame } from "./frame.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import type { Packer } from "./packer.ts";
import { Stream, type StreamOwner } from "./stream.ts";
import { MAX_STREAMS, type Streams } from "./streams.ts";
import type { Traffic } from "./traffic.ts";

/** Most streams that a message may open. */
const MAX_OPENED = 256;

/** Options of {@linkcode Incoming}. */
export interface IncomingOptions {
  streams: Streams;
  packer: Packer;
  owner: StreamOwner;
  traffic: Traffic;
  /** Called with each stream that the other end opens. Without it, this end accepts no streams. */
  onStream?: (stream: Stream) => void;
  /** Time for a stream's head, in milliseconds. */
  deadline: number;
}

/** Takes the frames of streams. */
export class Incoming {
  /** Whether this end refuses the streams that the other end opens. */
  isGoingAway = false;
  readonly #options: IncomingOptions;
  /** Streams that the present message has opened. */
  #opened = 0;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** The next frames are of another message. */
  startMessage(): void {
    this.#opened = 0;
  }

  /** @throws {LighthouseError} `bad-frame` if it breaks the rules of the session. */
  receive(frame: StreamFrame): void {
    const { streams, traffic } = this.#options;
    const known = streams.get(frame.stream);
    const stream = known ?? this.#accept(frame);
    if (!stream) return;
    if (frame.type === "data") traffic.add("received", frame.bytes.length);
    stream.receive(frame);
    if (!known && !stream.hasHead) this.#limitHead(stream);
  }

  /** The stream that a frame opens, if any: one that has ended here stays so. */
  #accept(frame: StreamFrame): Stream | undefined {
    const { streams, packer, owner, onStream } = this.#options;
    const isOpening = streams.opens(frame);
    if (!isOpening || frame.type === "reset") {
      const isEnd = frame.type === "reset" || (frame.type === "data" && frame.end);
      if (isEnd) packer.answerForgotten(frame.stream);
      return undefined;
    }
    if (++this.#opened > MAX_OPENED) {
      throw new LighthouseError("bad-frame", "A message opened too many streams");
    }
    const stream = new Stream(owner, INITIAL_LIMITS.credit, frame.stream);
    streams.accept(stream);
    if (this.isGoingAway || !onStream || streams.isFull) {
      const why = this.isGoingAway
        ? "this side is about to stop"
        : `${MAX_STREAMS} are open already`;
      stream.reset(new LighthouseError("refused", `Cannot open a stream: ${why}`));
      return undefined;
    }
    onStream(stream);
    return stream;
  }

  /** A stream without its head would hold its place forever, and nobody has looked at it yet. */
  #limitHead(stream: Stream): void {
    const late = new LighthouseError("refused", "The stream's head did not come in time");
    const timer = setTimeout(() => stream.reset(late), this.#options.deadline);
    stream.head.catch(() => {}).then(() => clearTimeout(timer));
  }
}
