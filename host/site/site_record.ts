// The file `.lighthouse.json` in a site's folder: what it was written with, and a hash of each file.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asRecord, asString } from "../../wire/mod.ts";
import { badSetting } from "../config/setting_parsers.ts";

/** The file's name. */
export const RECORD = ".lighthouse.json";

/** What was written into a folder. It holds no secret. */
export interface SiteRecord {
  /** An app's site, or that of the key. */
  kind: "app" | "key";
  /** The program that wrote it, such as `lighthouse-host 0.1.0`. */
  by: string;
  /** The site's version. */
  version: string;
  /** What the site was written with, for the next time. */
  options: unknown;
  /** The SHA-256 of each file in hex, by its path. */
  files: Record<string, string>;
}

/**
 * Reads the record.
 *
 * @returns Undefined if there is none.
 * @throws {LighthouseError} `bad-config` if it is not as this program writes it.
 */
export async function readRecord(folder: string): Promise<SiteRecord | undefined> {
  const path = join(folder, RECORD);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return parseRecord(JSON.parse(text));
  } catch (error) {
    throw badSetting(
      `${path} is not as this program writes it (${(error as Error).message}). Restore it from ` +
        "version control, or name a new folder",
    );
  }
}

/** The record as it is in its file. */
export function formatRecord(record: SiteRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

function parseRecord(value: unknown): SiteRecord {
  const { kind, by, version, options, files } = asRecord(value, RECORD);
  if (kind !== "app" && kind !== "key") throw new TypeError("kind is neither app nor key");
  const hashes = Object.entries(asRecord(files, "files")).map(([path, hash]) => {
    // It may come from somebody else's repository, and names files that are replaced and removed.
    if (
      !/^(?:[\w.-]+\/)*[\w.-]+$/.test(path) || /(?:^|\/)\.\.?(?:\/|$)|^\.git(?:\/|$)/.test(path)
    ) {
      throw new TypeError(`files has ${JSON.stringify(path)}`);
    }
    return [path, asString(hash, path, 64)];
  });
  return {
    kind,
    by: asString(by, "by", 100),
    version: asString(version, "version", 100),
    options: asRecord(options, "options"),
    files: Object.fromEntries(hashes),
  };
}
