// Ctrl-C during `setup`: what runs ends in good order, and nothing is lost.
import process from "node:process";
import { print } from "../platform/terminal.ts";
import { SetupError } from "./setup_error.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Takes this process's signals until it is disposed. */
export class Interruption implements Disposable {
  readonly #stop = new AbortController();
  readonly #end = new AbortController();
  readonly #take = (signal: NodeJS.Signals) => this.#onSignal(signal);

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#take);
  }

  /** Aborts at once, with a {@linkcode SetupError}. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Aborts where programs that this one has started must be told. A terminal sends its Ctrl-C to all of them
   * itself, and a second one would make Pulumi leave what it has begun.
   */
  get forPrograms(): AbortSignal {
    return this.#end.signal;
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#take);
  }

  #onSignal(name: NodeJS.Signals): void {
    if (!this.#stop.signal.aborted) {
      print("Stopping. What has begun comes to its end …", process.stderr);
    }
    this.#stop.abort(
      new SetupError("Stopped. Nothing is lost: the same command goes on from here"),
    );
    const isOfTerminal = name === "SIGINT" && process.stdin.isTTY;
    if (!isOfTerminal) this.#end.abort();
  }
}
