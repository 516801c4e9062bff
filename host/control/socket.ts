// Finds and asks the running host: it listens on a UNIX socket in its state folder.
import { type Stats, statSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { LighthouseError } from "../../wire/mod.ts";
import { isReadByOthers } from "../platform/private_file.ts";
import { checkFolder } from "../platform/private_folder.ts";

/** Most bytes of a socket's path: 104 on macOS and 108 on Linux, including a zero at the end. */
const MAX_PATH = 103;

/** Limit for an answer to begin, in milliseconds. */
const ANSWER_MS = 5_000;

/**
 * The socket's path: in the state folder or, if that path is too long, in the user's own folder for sockets
 * or for temporary files. In a shared folder, others could take the name first.
 *
 * @throws {LighthouseError} `bad-config` if there is no such folder.
 */
export function controlPath(
  state: string,
  folders: (string | undefined)[] = [process.env.XDG_RUNTIME_DIR, tmpdir()],
): string {
  const path = join(state, "control.sock");
  if (Buffer.byteLength(path) <= MAX_PATH) return path;
  // Load it here: a static import would cost each command time, and few need it.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const name = createHash("sha256").update(state).digest("hex").slice(0, 16);
  const folder = folders.find((each) => each && isPrivate(each));
  const short = join(folder ?? "", `lighthouse-${name}.sock`);
  if (folder !== undefined && Buffer.byteLength(short) <= MAX_PATH) return short;
  throw new LighthouseError(
    "bad-config",
    `Cannot use ${state}: the path of its socket is too long for this system, and XDG_RUNTIME_DIR is no ` +
      "folder of yours alone. Choose a shorter one by --state",
  );
}

/** Whether a folder is this user's, and nobody else can look into it or replace it. */
function isPrivate(folder: string): boolean {
  if (!isAbsolute(folder)) return false;
  try {
    checkFolder(folder);
    const found = statSync(folder);
    return isOfThisUser(found) && !isReadByOthers(found);
  } catch {
    return false;
  }
}

/**
 * Sends a request to the running host.
 *
 * @param path Such as `/status`.
 * @returns The answer, with its body unread; undefined if no host runs.
 * @throws {Error} If the host does not answer in time.
 */
export async function askHost(state: string, path: string): Promise<IncomingMessage | undefined> {
  const socketPath = controlPath(state);
  if (!isOwn(socketPath)) return undefined;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage | undefined>();
  // Load it here: a static import would load Node's WebSocket and fetch too, which doubles the start.
  const { request } = process.getBuiltinModule("node:http");
  const asked = request({ socketPath, path, timeout: ANSWER_MS });
  asked.on("response", resolve);
  asked.on("timeout", () => asked.destroy(new Error("The host does not answer: is it hanging?")));
  asked.on("error", (error: NodeJS.ErrnoException) => {
    // The socket of a killed host: nobody listens.
    if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(undefined);
    else reject(error);
  });
  asked.end();
  return await promise;
}

/** Whether the socket belongs to this user: in a shared folder, others could put theirs. */
function isOwn(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && isOfThisUser(found);
}

function isOfThisUser({ uid }: Stats): boolean {
  return process.getuid === undefined || uid === process.getuid();
}
