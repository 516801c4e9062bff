// Folders of small private files, which the daemon and the commands read and write at the same time. Each
// record is a file with marks beside it, so that no two processes write the same file.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDraft } from "../platform/private_file.ts";
import { checkFolder } from "../platform/private_folder.ts";

/** Most files of a folder that are read. */
const MAX_FILES = 1024;

/** Age from which a draft counts as left behind, in milliseconds. */
const DRAFT_MS = 3_600_000;

/** The files of a record. */
export interface RecordFiles {
  /** The files' name up to the first dot. */
  id: string;
  /** The contents of the `.json`. */
  value: unknown;
  /** When each mark was last written, in milliseconds since 1970, by its name after the dot. */
  marks: Record<string, number>;
}

/**
 * Creates the folder if there is none.
 *
 * @throws {LighthouseError} `bad-config` if others own it, or can write to it or replace it: they could add
 * devices.
 */
export function openFolder(folder: string): void {
  makeFolder(folder);
  checkFolder(folder);
  for (const name of readdirSync(folder).filter(isDraft)) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found && Date.now() - found.mtimeMs > DRAFT_MS) rmSync(path, { force: true });
  }
}

/** Node's own `recursive` never ends where the system says ENOENT, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Reads all records of a folder. @param onBad Called with each unreadable one. */
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
      // The file may have been deleted meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") onBad(path, error);
    }
  }
  return records;
}

/** Deletes a record and its marks, the record first. */
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
