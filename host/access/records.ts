// Folders of small private files, one a record, that several processes read and write at a time: the
// daemon, and the commands beside it. Whatever two of them could write at once is a file of its own.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { LighthouseError } from "../../wire/mod.ts";
import { isDraft } from "../platform/private_file.ts";

/** Most files of a folder that are looked at. */
const MAX_FILES = 1024;

/** A draft that is older was left behind, in milliseconds. */
const DRAFT_MS = 3_600_000;

/** A record as its files have it. */
export interface RecordFiles {
  /** The files' name without what follows the first dot. */
  id: string;
  /** What is in the `.json`. */
  value: unknown;
  /** When each file beside it was written last, in milliseconds since 1970, by what follows the dot. */
  marks: Record<string, number>;
}

/**
 * Makes the folder where there is none.
 *
 * @throws {LighthouseError} `bad-config` where others can write to it: they could add devices.
 */
export function openFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // Of a file system that is read-only, Node says then that there is no such folder. This says why.
    mkdirSync(folder, { mode: 0o700 });
  }
  if (process.platform !== "win32" && statSync(folder).mode & 0o022) {
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${folder}: others can write to it. If nobody has, chmod 700 ${folder}`,
    );
  }
  for (const name of readdirSync(folder).filter(isDraft)) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found && Date.now() - found.mtimeMs > DRAFT_MS) rmSync(path, { force: true });
  }
}

/** Reads all records of a folder. @param onBad Called with each that cannot be read. */
export function readRecords(
  folder: string,
  onBad: (path: string, error: unknown) => void,
): RecordFiles[] {
  const names = list(folder).slice(0, MAX_FILES);
  const records: RecordFiles[] = [];
  for (const name of names) {
    const id = /^([\w-]{1,64})\.json$/.exec(name)?.[1];
    if (!id) continue;
    const path = join(folder, name);
    try {
      const value = JSON.parse(readFileSync(path, "utf8"));
      const marks: Record<string, number> = {};
      for (const other of names) {
        if (!other.startsWith(`${id}.`) || other === name || isDraft(other)) continue;
        const found = statSync(join(folder, other), { throwIfNoEntry: false });
        if (found) marks[other.slice(id.length + 1)] = found.mtimeMs;
      }
      records.push({ id, value, marks });
    } catch (error) {
      // It may have been deleted since.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") onBad(path, error);
    }
  }
  return records;
}

/** Deletes all files of a record, the record itself first. */
export function deleteRecord(folder: string, id: string): void {
  rmSync(join(folder, `${id}.json`), { force: true });
  for (const name of list(folder)) {
    if (name.startsWith(`${id}.`)) rmSync(join(folder, name), { force: true });
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Deletes one of the files beside a record. */
export function deleteMark(folder: string, id: string, mark: string): void {
  rmSync(join(folder, `${id}.${mark}`), { force: true });
}
