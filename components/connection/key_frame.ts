// The page's end of the port to the frame of a key's site: components/key_frame/key_messages.ts describes
// the messages.
import { LighthouseError } from "../../wire/mod.ts";
import {
  type Done,
  type FromKeyFrame,
  KEY_PORT,
  type KeyState,
  parseFromKeyFrame,
  type ToKeyFrame,
} from "../key_frame/key_messages.ts";
import { type HiddenFrame, openFrame } from "./hidden_frame.ts";
import { startTimer } from "./start_timer.ts";

/** Limit for the frame to load and to answer, in milliseconds. */
const ANSWER_MS = 15_000;

/** The parts of the browser that a {@linkcode KeyFrame} uses. */
export interface KeyFramePlatform {
  openFrame: typeof openFrame;
  startTimer: typeof startTimer;
}

const BROWSER: KeyFramePlatform = { openFrame, startTimer };

/** Options of {@linkcode KeyFrame}. */
export interface KeyFrameOptions {
  /** The page of the key's site. */
  site: URL;
  /** Called at each change of the frame's connection, except to `idle`. */
  onState: (state: KeyState) => void;
  /** Called once, when the frame cannot be used: it is closed then. */
  onTrouble: (error: LighthouseError) => void;
  /** @default the browser's */
  platform?: KeyFramePlatform;
}

/** A message that the frame answers, without its id. */
type Request = { lighthouse: "link"; fragment: string } | {
  lighthouse: "forget" | "stats" | "look";
};

/** A frame, from its making until it is closed. */
export class KeyFrame {
  readonly #options: KeyFrameOptions;
  readonly #frame: HiddenFrame;
  readonly #port: MessagePort;
  readonly #stopTimer: () => void;
  /** Requests without an answer yet, by their ids. */
  readonly #waiting = new Map<number, PromiseWithResolvers<Done["stats"]>>();
  #ids = 0;
  #hasAnswered = false;

  constructor(options: KeyFrameOptions) {
    this.#options = options;
    const { site, platform = BROWSER } = options;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => this.#hear(data);
    let isSent = false;
    this.#frame = platform.openFrame(site, () => {
      // A page that loads anew has lost the other end of the port.
      if (isSent) return this.#fail("was loaded anew");
      isSent = true;
      this.#frame.postMessage({ lighthouse: KEY_PORT }, [port2]);
    });
    this.#stopTimer = platform.startTimer(ANSWER_MS, () => this.#fail("does not answer"));
  }

  /** Posts a message. Until the frame has loaded, the port keeps it. */
  post(message: ToKeyFrame, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** Posts a message, and waits for its answer. @throws {LighthouseError} The frame's reason. */
  request(message: Request): Promise<Done["stats"]> {
    const id = ++this.#ids;
    const answer = Promise.withResolvers<Done["stats"]>();
    this.#waiting.set(id, answer);
    this.post({ ...message, id });
    return answer.promise;
  }

  /** Ends the frame. @param error What requests without an answer fail with. */
  close(error = new LighthouseError("closed", "The tunnel is closed")): void {
    this.#stopTimer();
    this.#port.close();
    this.#frame.remove();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #hear(data: unknown): void {
    let message: FromKeyFrame;
    try {
      message = parseFromKeyFrame(data);
    } catch {
      return this.#fail("says what this page does not understand");
    }
    if (message.lighthouse === "done") return this.#settle(message);
    const { state, reason, code } = message;
    if (!this.#hasAnswered && state === "failed") {
      return this.#end(new LighthouseError(code ?? "connection-failed", reason));
    }
    this.#hasAnswered = true;
    this.#stopTimer();
    if (state !== "idle") this.#options.onState(message);
  }

  #settle({ id, error, stats }: Done): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) answer?.reject(new LighthouseError(error.code, error.message));
    else answer?.resolve(stats);
  }

  #fail(what: string): void {
    const { href } = this.#options.site;
    this.#end(new LighthouseError("connection-failed", `The key's site ${href} ${what}`));
  }

  #end(error: LighthouseError): void {
    this.close(error);
    this.#options.onTrouble(error);
  }
}
