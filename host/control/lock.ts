// One host for each state folder: the kernel's own lock, which a killed process leaves to the next.
import { open } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

/** SQLite's `SQLITE_BUSY`: https://sqlite.org/rescode.html#busy */
const BUSY = 5;

/**
 * Locks a state folder for as long as this process lives, or until it is disposed of. Node itself has
 * no file locks; those of its SQLite are the platform's, so that none is ever left behind.
 *
 * @returns undefined where another process has the lock.
 * @throws what the file system throws.
 */
export async function lockState(state: string): Promise<Disposable | undefined> {
  const { DatabaseSync } = await importSqlite();
  const path = join(state, "host.lock");
  // Says why where it cannot, which SQLite does not.
  await (await open(path, "a", 0o600)).close();
  const database = new DatabaseSync(path);
  try {
    // No journal on the disk: a lock is no reason to write, and a disk may be full.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === BUSY) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

/** Without the warning of Node 22 that it is experimental: nothing but its locks is used here. */
async function importSqlite() {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return await import("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}
