// A settings file that is changed while the host runs.
import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname } from "node:path";

/** The file is looked at this often where the platform does not tell of changes, in milliseconds. */
const LOOK_MS = 5_000;

/** Editors write a file in several steps; after this pause all of them are over, in milliseconds. */
const SETTLE_MS = 100;

/** Calls back after each change of a file, or of whether there is one. */
export function watchFile(path: string, onChange: () => void): Disposable {
  let version = versionOf(path);
  let settling: NodeJS.Timeout | undefined;
  const look = () => {
    settling = undefined;
    const now = versionOf(path);
    if (now === version) return;
    version = now;
    onChange();
  };
  const lookSoon = () => void (settling ??= setTimeout(look, SETTLE_MS).unref());
  let watcher: FSWatcher | undefined;
  try {
    // The folder, since the file is replaced.
    watcher = watch(dirname(path), { persistent: false }, lookSoon);
    watcher.on("error", () => watcher?.close());
  } catch {
    // There may be no such folder yet: then the timer is left.
  }
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    [Symbol.dispose]() {
      watcher?.close();
      clearInterval(timer);
      clearTimeout(settling);
    },
  };
}

function versionOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : "";
}
