// Reads the files that settings name.
import { readFileSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { LighthouseError } from "../../wire/mod.ts";
import { isReadByOthers } from "../platform/private_file.ts";
import { checkFile } from "../platform/private_folder.ts";
import { badSetting } from "./setting_parsers.ts";

/** Most bytes of a file: a bundle of certificates has about 200 KiB. */
const MAX_BYTES = 1024 * 1024;

/**
 * The absolute path for a path in a setting. It also expands `~`: shells do not after a "=".
 *
 * @param home The path of the user's home.
 */
export function resolvePath(path: string, home: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, home));
}

/**
 * Reads a file that only its owner may have to read.
 *
 * @param name The setting, such as `--service /notes: ca`.
 * @param path Absolute.
 * @param isSecret Whether others must not be able to read or replace it.
 * @throws {LighthouseError} `bad-config`, with the cure.
 */
export function readSettingFile(name: string, path: string, isSecret: boolean): string {
  const fail = (why: string) => badSetting(`${name} needs a file, and ${path} ${why}`);
  let found: Stats | undefined;
  try {
    found = statSync(path, { throwIfNoEntry: false });
    if (!found) throw fail("does not exist");
    if (!found.isFile()) throw fail(found.isDirectory() ? "is a folder" : "is no regular file");
    if (found.size > MAX_BYTES) throw fail(`is larger than ${MAX_BYTES} bytes`);
    if (isSecret && isReadByOthers(found)) {
      throw badSetting(`${name} is in ${path}, which others can read: chmod 600 ${path}`);
    }
    if (isSecret) checkFile(path);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof LighthouseError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EACCES") throw fail("is not yours to read");
    if (code === "ENOTDIR") throw fail("does not exist");
    throw fail(`cannot be read: ${message}`);
  }
}
