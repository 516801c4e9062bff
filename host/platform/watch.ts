// Reports changes of a file or a folder: at once where the platform reports them, else by looking.
import { type BigIntStats, type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Options of {@linkcode watchPath}. */
export interface WatchOptions {
  /** Time between looks, in milliseconds: some file systems report no changes. */
  interval: number;
  /** Time from the first report of a change to the callback, in milliseconds: a write has several steps. */
  settle: number;
  /** Whether changes of a file in the folder count. @default all do */
  counts?: (name: string) => boolean;
}

/**
 * Calls back after each change of a file (its content, or whether it exists), or of a folder (which
 * files it holds, and their contents where the platform reports changes). Does not keep the process
 * running.
 *
 * @param path A file, which need not exist; or a folder, which must.
 */
export function watchPath(path: string, onChange: () => void, options: WatchOptions): Disposable {
  const { interval, settle, counts = () => true } = options;
  const isFolder = find(path)?.isDirectory() ?? false;
  let version = versionOf(path);
  let settling: NodeJS.Timeout | undefined;

  function look(isReported: boolean): void {
    const now = versionOf(path);
    // Two changes of a folder within one tick of the kernel's clock leave it the same version.
    if (now === version && !(isReported && isFolder)) return;
    version = now;
    onChange();
  }
  function report(name: string | null): void {
    if (name !== null && !(isFolder ? counts(name) : name === basename(path))) return;
    settling ??= setTimeout(() => {
      settling = undefined;
      look(true);
    }, settle).unref();
  }

  // A file's folder, since a new file may replace the old one.
  const watcher = tryWatch(isFolder ? path : dirname(path), report);
  const timer = setInterval(() => look(false), interval).unref();
  return {
    [Symbol.dispose]() {
      watcher?.close();
      clearInterval(timer);
      clearTimeout(settling);
    },
  };
}

/** Changes with a file's content, and when a file of a folder appears, goes, or is replaced. */
export function versionOf(path: string): string {
  const found = find(path);
  return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : "";
}

/** @returns Undefined if nothing can be found there, for whatever reason: a timer may ask. */
function find(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Such as links in a circle, or a folder above that is not this user's any more.
    return undefined;
  }
}

/** @returns Undefined if the folder cannot be watched: the timer finds the changes then. */
function tryWatch(folder: string, report: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => report(name));
    return watcher.on("error", () => watcher.close());
  } catch {
    return undefined;
  }
}
