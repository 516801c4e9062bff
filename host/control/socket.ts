// Where the commands find the host that runs: a UNIX socket in its state folder.
import { statSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Bytes of a socket's path, at most: 104 on macOS, and 108 on Linux, each with a zero at the end. */
const MAX_PATH = 103;

/** Time for an answer to begin, in milliseconds. */
const ANSWER_MS = 5_000;

/**
 * The socket's path: in the state folder or, where that has too long a name, in the folder that the
 * platform has for such files.
 */
export function controlPath(state: string): string {
  const path = join(state, "control.sock");
  if (Buffer.byteLength(path) <= MAX_PATH) return path;
  // An import of it would be loaded by each command, and is hardly ever needed.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const name = createHash("sha256").update(state).digest("hex").slice(0, 16);
  return join(process.env.XDG_RUNTIME_DIR || tmpdir(), `lighthouse-${name}.sock`);
}

/**
 * Asks the host that runs with a state folder.
 *
 * @param path Such as `/status`.
 * @returns its answer, whose body is yet to be read; undefined where no host runs.
 * @throws {Error} where the host does not answer in time.
 */
export async function askHost(state: string, path: string): Promise<IncomingMessage | undefined> {
  const socketPath = controlPath(state);
  if (!isOwn(socketPath)) return undefined;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage | undefined>();
  // An import of it would load Node's WebSocket and fetch, too, which takes as long as all the rest.
  const { request } = process.getBuiltinModule("node:http");
  const asked = request({ socketPath, path, timeout: ANSWER_MS });
  asked.on("response", resolve);
  asked.on("timeout", () => asked.destroy(new Error("The host does not answer: is it hanging?")));
  asked.on("error", (error: NodeJS.ErrnoException) => {
    // Nobody listens: a host that was killed has left its socket.
    if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(undefined);
    else reject(error);
  });
  asked.end();
  return await promise;
}

/** Whether the socket is this user's: in a folder for all, others could put one of theirs. */
function isOwn(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (process.getuid === undefined || found.uid === process.getuid());
}
