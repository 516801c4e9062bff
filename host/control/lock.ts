// Locks the state folder for one host, by a lock of the kernel: it ends with the process.
import { open } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

/** SQLite's `SQLITE_BUSY`: https://sqlite.org/rescode.html#busy */
const BUSY = 5;

/**
 * Locks a state folder until this process ends, or until the lock is disposed of. Node.js has no file
 * locks, but its SQLite uses the kernel's, which no crash leaves behind.
 *
 * @returns Undefined if another process has the lock.
 * @throws {Error} Errors of the file system.
 */
export async function lockState(state: string): Promise<Disposable | undefined> {
  const { DatabaseSync } = await importSqlite();
  const path = join(state, "host.lock");
  // Open the file here first: unlike SQLite's, this error has a reason.
  await (await open(path, "a", 0o600)).close();
  const database = new DatabaseSync(path);
  try {
    // Keep the journal in memory: a lock needs no writes, and the disk may be full.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === BUSY) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

/** Loads SQLite without Node 22's warning that it is experimental: only its locks are used. */
async function importSqlite() {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return await import("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}
