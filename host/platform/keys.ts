// Keys of a terminal for commands that run for long: one press is enough, with or without Enter.
import process from "node:process";

/** A terminal's input. */
export type KeyInput = Pick<
  NodeJS.ReadStream,
  "isTTY" | "setRawMode" | "on" | "off" | "resume" | "pause"
>;

/** Ctrl-C, Ctrl-D and Ctrl-Z, as a terminal in raw mode sends them. */
const CTRL_C = "\x03";
const CTRL_D = "\x04";
const CTRL_Z = "\x1a";

/**
 * Listens for keys until it is disposed of. Ctrl-C and Ctrl-D are the key `q`, and Ctrl-Z suspends the
 * program as it does elsewhere.
 *
 * @param keys What each key does, by its small letter.
 * @param input @default standard input
 * @returns Undefined if the input is no terminal.
 */
export function watchKeys(
  keys: Record<string, () => void>,
  input: KeyInput = process.stdin,
): Disposable | undefined {
  if (!input.isTTY) return undefined;
  const hear = (data: Buffer) => {
    for (const key of data.toString()) {
      if (key === CTRL_Z) suspend();
      else keys[key === CTRL_C || key === CTRL_D ? "q" : key.toLowerCase()]?.();
    }
  };
  const listen = () => {
    input.setRawMode(true);
    input.resume();
  };
  const suspend = () => {
    input.setRawMode(false);
    process.once("SIGCONT", listen);
    process.kill(process.pid, "SIGTSTP");
  };
  input.on("data", hear);
  listen();
  return {
    [Symbol.dispose]() {
      process.off("SIGCONT", listen);
      input.off("data", hear);
      input.setRawMode(false);
      input.pause();
    },
  };
}
