// Brings a folder to a site's files, and remembers what it has written: files of the owner's stay as they
// are, and changed ones are noticed.
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { badSetting } from "../config/setting_parsers.ts";
import { formatRecord, readRecord, RECORD, type SiteRecord } from "./site_record.ts";

/** A site's files: their bytes by path, with `/` between folders. */
export type SiteFiles = ReadonlyMap<string, Uint8Array>;

/** What {@linkcode writeFolder} has done: paths of files. */
export interface WrittenSite {
  /** The site's version: it changes with each of its files. */
  version: string;
  /** New and changed files. */
  written: string[];
  /** Files of an earlier version that the site no longer has. */
  removed: string[];
  /** Files that the owner has changed, and that stay so. */
  kept: string[];
}

/** Files for people and for the place where the folder is published: the owner may change or delete them. */
const OWNERS = new Set(["README.md", ".github/workflows/pages.yml"]);

/** What a new repository may have. */
const HARMLESS = new Set([
  ".DS_Store",
  ".git",
  ".gitattributes",
  ".github",
  ".gitignore",
  "CNAME",
  "LICENSE",
  "LICENSE.md",
  "README.md",
]);

/**
 * Reads what was written into a folder.
 *
 * @param kind What is to be written; undefined for whatever is there.
 * @returns Undefined for a folder that is missing, empty, or a new repository.
 * @throws {LighthouseError} `bad-config` if the folder holds something else.
 */
export async function openSiteFolder(
  folder: string,
  kind?: SiteRecord["kind"],
): Promise<SiteRecord | undefined> {
  const found = await stat(folder).catch(unlessMissing);
  if (!found) return undefined;
  if (!found.isDirectory()) throw badSetting(`${folder} is a file: name a folder for the site`);
  const record = await readRecord(folder);
  if (record && kind !== undefined && record.kind !== kind) {
    throw badSetting(
      `${folder} holds ${
        record.kind === "key" ? "a key's site" : "an app's site"
      }: name another folder`,
    );
  }
  if (record) return record;
  const others = (await readdir(folder)).filter((name) => !HARMLESS.has(name)).sort();
  if (others.length === 0) return undefined;
  const [first, second, third, ...more] = others;
  const shown = [first, second, third].filter((name) => name !== undefined).join(", ");
  throw badSetting(
    `${folder} is no site that this program has written, and is not empty: it has ${shown}` +
      `${more.length > 0 ? `, and ${more.length} more` : ""}. Name a new or an empty folder`,
  );
}

/**
 * Writes the files that differ, and removes those of an earlier version. All files that a visitor gets are
 * of one version afterwards.
 *
 * @param folder Made if it is missing.
 * @param before What {@linkcode openSiteFolder} has read from it.
 * @throws {LighthouseError} `bad-config` if the owner has changed a file whose version must be the others';
 * nothing has changed then.
 */
export async function writeFolder(
  folder: string,
  files: SiteFiles,
  now: Omit<SiteRecord, "files">,
  before: SiteRecord | undefined,
): Promise<WrittenSite> {
  const old = before?.files ?? {};
  const hashes = Object.fromEntries([...files].map(([path, bytes]) => [path, hashOf(bytes)]));
  const seen = new Map<string, string | undefined>();
  for (const path of new Set([...Object.keys(old), ...files.keys()])) {
    await checkPlace(folder, path);
    const bytes = await readFile(join(folder, path)).catch(unlessMissing);
    seen.set(path, bytes && hashOf(bytes));
  }
  const isOwners = (path: string) => {
    const hash = seen.get(path);
    if (hash === hashes[path]) return false;
    // What the owner has deleted stays away, too.
    if (OWNERS.has(path)) return hash !== old[path];
    return hash !== undefined && hash !== old[path];
  };
  const kept = [...seen.keys()].filter(isOwners);
  const broken = kept.filter((path) => files.has(path) && !OWNERS.has(path));
  if (broken.length > 0) {
    throw badSetting(
      `${broken.join(", ")} in ${folder} is not as this program has written it, and must fit the ` +
        "site's other files. Keep your copy elsewhere, delete it here, and run this again",
    );
  }
  const written = [...files.keys()].filter((path) =>
    !kept.includes(path) && seen.get(path) !== hashes[path]
  );
  const removed = [...seen].flatMap(([path, hash]) =>
    !files.has(path) && !kept.includes(path) && hash !== undefined ? [path] : []
  );
  // The folder is known as a site's before the first file, so that this can be run again after a crash.
  if (!before) await put(join(folder, RECORD), formatRecord({ ...now, files: {} }));
  // The worker's file is the last: visitors come to the new version by it.
  const isLast = (path: string) => Number(path === "sw.js");
  for (const path of written.toSorted((a, b) => isLast(a) - isLast(b))) {
    await put(join(folder, path), files.get(path)!);
  }
  for (const path of removed) await rm(join(folder, path));
  const record = formatRecord({ ...now, files: hashes });
  if (record !== (await readFile(join(folder, RECORD), "utf8"))) {
    await put(join(folder, RECORD), record);
  }
  const isDeleted = (path: string) => seen.get(path) === undefined;
  return { version: now.version, written, removed, kept: kept.filter((path) => !isDeleted(path)) };
}

/** The hash of a file, whose line ends version control may have changed. */
function hashOf(bytes: Uint8Array): string {
  const isText = !bytes.includes(0);
  const text = isText ? Buffer.from(bytes).toString("latin1").replaceAll("\r\n", "\n") : bytes;
  const hash = createHash("sha256");
  return (typeof text === "string" ? hash.update(text, "latin1") : hash.update(text)).digest("hex");
}

/** @throws {LighthouseError} If a link would lead a file out of the folder. */
async function checkPlace(folder: string, path: string): Promise<void> {
  for (let at = dirname(path); at !== "."; at = dirname(at)) {
    const found = await lstat(join(folder, at)).catch(unlessMissing);
    if (found && !found.isDirectory()) {
      throw badSetting(`${join(folder, at)} is no folder: move it away, and run this again`);
    }
  }
}

/** Writes a file atomically. */
async function put(path: string, bytes: Uint8Array | string): Promise<void> {
  await makeFolder(dirname(path));
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    await writeFile(draft, bytes);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Node's own `recursive` never ends where the system says ENOENT, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  if (await stat(folder).catch(unlessMissing)) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  await mkdir(folder);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
