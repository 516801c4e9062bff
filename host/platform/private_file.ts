// Writes the host's files privately and atomically, and checks that they are private.
import { realpathSync, type Stats, statSync } from "node:fs";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { LighthouseError } from "../../wire/mod.ts";

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
 * @throws {LighthouseError} `bad-config` if others can read the file, or it belongs to another user.
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
}

/**
 * Checks that nobody else can write to a folder, or put another one in its place. As OpenSSH's StrictModes
 * does, it looks at all folders above, too: https://man.openbsd.org/sshd_config#StrictModes
 *
 * @throws {LighthouseError} `bad-config`, with the cure.
 * @throws {Error} Errors of the file system.
 */
export function checkFolder(path: string): void {
  if (process.platform === "win32") return;
  const found = statSync(path);
  if (!isOwn(found)) {
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${path}: it belongs to another user (${found.uid}). Run this as that user, or, if ` +
        `nobody else has written to it, chown -R ${process.getuid?.()} ${path}`,
    );
  }
  if (found.mode & 0o022) {
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${path}: others can write to it. If nobody has, chmod 700 ${path}`,
    );
  }
  for (let above = dirname(realpathSync(path)), at = "";; at = above, above = dirname(above)) {
    if (above === at) return;
    if (isReplacedByNobody(statSync(above))) continue;
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${path}: others can put another folder in its place, since they can write to ` +
        `${above}. chmod go-w ${above}, or choose another folder by --state`,
    );
  }
}

/** Whether a file belongs to this user, or to root, who can do anything anyway. */
function isOwn({ uid }: Stats): boolean {
  return uid === process.getuid?.() || isRoot(uid);
}

/** In a user namespace, root has the number of "nobody". */
function isRoot(uid: number): boolean {
  return uid === 0 || uid === statSync("/").uid;
}

/** Whether nobody else can rename what is in a folder. In sticky ones, such as /tmp, only owners can. */
function isReplacedByNobody(folder: Stats): boolean {
  const { uid, gid, mode } = folder;
  if (!isOwn(folder)) return false;
  if (mode & 0o1000) return true;
  // A group with its user's number is that user's only, by the convention of Debian and Fedora.
  const isOfOthers = (mode & 0o020) !== 0 && gid !== uid;
  return !isOfOthers && (mode & 0o002) === 0;
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
