// Keeps the file of the host's output short under launchd, which only appends to it.
import { copyFileSync, statSync, truncateSync } from "node:fs";

/** The variable with the file's path, which the property list sets. */
export const LOG_FILE = "LIGHTHOUSE_LOG_FILE";

/** Where the older lines are: as many bytes again. */
export function olderLog(path: string): string {
  return `${path}.1`;
}

/** Size from which the lines go to the older file, in bytes. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Time between two looks, in milliseconds. */
const LOOK_MS = 10_000;

/**
 * Looks at the file now and then: if it is long, its lines replace those of the older file. The file itself
 * stays, since launchd has opened it; it appends, so that it goes on at the beginning (launchd.plist(5)).
 * Where the older file cannot be written, such as on a full disk, the lines are lost.
 *
 * @param onTrouble Called with the first error. The host goes on, and tries again.
 */
export function keepShort(
  path: string,
  onTrouble: (error: Error) => void,
  { most = MAX_BYTES, every = LOOK_MS }: { most?: number; every?: number } = {},
): Disposable {
  let isTold = false;
  const look = () => {
    try {
      if (statSync(path).size < most) return;
      try {
        copyFileSync(path, olderLog(path));
      } finally {
        truncateSync(path);
      }
    } catch (error) {
      if (!isTold) onTrouble(error as Error);
      isTold = true;
    }
  };
  const timer = setInterval(look, every).unref();
  look();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
