// Writes the host's files privately and atomically, and checks that they are private.
import { type Stats, statSync } from "node:fs";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { LighthouseError } from "../../wire/mod.ts";
import { checkFile, isOwn } from "./private_folder.ts";

/**
 * Writes a file atomically: into a draft beside it, which then replaces it. Only the owner can read the
 * file (0600) and the folders that are created for it (0700).
 *
 * @throws {Error} Errors of the file system; the file is then unchanged.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await withDraft(path, text, (draft) => rename(draft, path));
}

/**
 * Writes a file as {@linkcode writePrivateFile} does, unless it exists. If several processes try it at the
 * same time, one succeeds.
 *
 * @returns Whether this call has written the file.
 * @throws {Error} Errors of the file system.
 */
export async function createPrivateFile(path: string, text: string): Promise<boolean> {
  return await withDraft(path, text, async (draft) => {
    try {
      await link(draft, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      await rm(draft);
    }
  });
}

/**
 * Checks that a file is its owner's only.
 *
 * @param danger What whoever has the file can do, such as "can pretend to be this host".
 * @param cure What to do after its deletion, such as "pair all devices anew".
 * @throws {LighthouseError} `bad-config` if others can read the file or replace it, or it belongs to another
 * user.
 * @throws {Error} Errors of the file system.
 */
export function checkPrivate(path: string, danger: string, cure: string): void {
  const found = statSync(path);
  if (process.platform === "win32") return;
  if (!isOwn(found)) {
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${path}: it belongs to another user (${found.uid}), who can read it. ` +
        `Run this as that user, or delete it and ${cure}`,
    );
  }
  if (isReadByOthers(found)) {
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${path}: others can read it, and whoever has it ${danger}. ` +
        `If nobody has read it, chmod 600 ${path}; else delete it and ${cure}`,
    );
  }
  checkFile(path);
}

/** Whether other users can read a file. Windows has no modes. */
export function isReadByOthers({ mode }: Pick<Stats, "mode">): boolean {
  return process.platform !== "win32" && (mode & 0o077) !== 0;
}

/** Whether a file is a draft: a killed process leaves them. */
export function isDraft(name: string): boolean {
  return /\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(name);
}

async function withDraft<T>(
  path: string,
  text: string,
  use: (draft: string) => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      // Sync first: the rename must not reach the disk before the bytes.
      await file.sync();
    } finally {
      await file.close();
    }
    return await use(draft);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
