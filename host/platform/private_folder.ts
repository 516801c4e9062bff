// Checks that no other user of this machine can change or replace the host's files. As OpenSSH's StrictModes
// does, it looks at all folders above, too: https://man.openbsd.org/sshd_config#StrictModes
import { lstatSync, readlinkSync, type Stats, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import process from "node:process";
import { LighthouseError } from "../../wire/mod.ts";

/** Errors about a path that no file system takes. */
const IMPOSSIBLE = ["ENAMETOOLONG", "ELOOP", "ERR_INVALID_ARG_VALUE"];

/**
 * Checks that there can be a folder with this path, whether or not there is one.
 *
 * @throws {LighthouseError} `bad-config`.
 */
export function checkPossible(folder: string): void {
  try {
    statSync(folder, { throwIfNoEntry: false });
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    if (IMPOSSIBLE.includes(code)) {
      throw refusal(folder, `${message}. Choose another folder by --state`, cause);
    }
  }
}

/**
 * Checks that nobody else can write to a folder, or put another one in its place.
 *
 * @param by What names another folder, for the cure.
 * @throws {LighthouseError} `bad-config`, with the cure.
 * @throws {Error} Errors of the file system.
 */
export function checkFolder(path: string, by = "--state"): void {
  checkWay(path, { what: "folder", other: `another folder by ${by}` }, (found) => {
    if (!isOwn(found)) {
      return `it belongs to another user (${found.uid}). Run this as that user, or, if nobody else has ` +
        `written to it, chown -R ${process.getuid?.()} ${path}`;
    }
    if (found.mode & 0o022) return `others can write to it. If nobody has, chmod 700 ${path}`;
    return undefined;
  });
}

/**
 * Checks that nobody else can write to a file, or put another one in its place.
 *
 * @throws {LighthouseError} `bad-config`, with the cure.
 * @throws {Error} Errors of the file system.
 */
export function checkFile(path: string): void {
  checkWay(path, { what: "file", other: "a file elsewhere" }, (found) => {
    if (!isOwn(found)) {
      return `it belongs to another user (${found.uid}). If it says what you want, chown ` +
        `${process.getuid?.()} ${path}`;
    }
    if (!isWrittenByOthers(found)) return undefined;
    return `others can write to it. If it says what you want, chmod go-w ${path}`;
  });
}

/** @param judge Returns what is wrong with the file or folder itself. */
function checkWay(
  path: string,
  { what, other }: { what: string; other: string },
  judge: (found: Stats) => string | undefined,
): void {
  if (process.platform === "win32") return;
  // Follow the links once without looking: this throws for those that lead nowhere, or in a circle.
  const itself = statSync(path);
  for (const [step, found] of stepsOf(path)) {
    const isLink = found.isSymbolicLink();
    if (!isLink && found.ino === itself.ino && found.dev === itself.dev) {
      const trouble = judge(found);
      if (trouble) throw refusal(path, trouble);
    } else if (!isOwn(found) || (!isLink && isFreeForAll(found))) {
      const why = isLink ? `${step} is theirs` : `they can write to ${step}`;
      const cure = isOwn(found) ? `chmod go-w ${step}, or choose` : "Choose";
      throw refusal(
        path,
        `others can put another ${what} in its place, since ${why}. ${cure} ${other}`,
      );
    }
  }
}

function refusal(path: string, why: string, cause?: unknown): LighthouseError {
  return new LighthouseError("bad-config", `Cannot use ${path}: ${why}`, { cause });
}

/** What a path leads through, from the root on: folders, symbolic links, and the file itself. */
function* stepsOf(path: string): Generator<[path: string, found: Stats]> {
  let folder = "/";
  yield [folder, lstatSync(folder)];
  const names = resolve(path).split("/");
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const step = join(folder, name);
    // Links may hold "..", "." and doubled slashes.
    if (name === ".." || step === folder) {
      folder = step;
      continue;
    }
    const found = lstatSync(step);
    yield [step, found];
    if (found.isSymbolicLink()) {
      const target = readlinkSync(step);
      if (isAbsolute(target)) folder = "/";
      names.unshift(...target.split("/"));
    } else folder = step;
  }
}

/** Whether a file belongs to this user, to root, or to the user who has called sudo. */
export function isOwn({ uid }: Stats): boolean {
  const user = process.getuid?.();
  return uid === user || isRoot(uid) || (user === 0 && String(uid) === process.env.SUDO_UID);
}

/** In a user namespace, root has the number of "nobody". */
function isRoot(uid: number): boolean {
  return uid === 0 || uid === statSync("/").uid;
}

/** Whether others can rename what is in a folder. In sticky ones, such as /tmp, only owners can. */
function isFreeForAll(folder: Stats): boolean {
  return (folder.mode & 0o1000) === 0 && isWrittenByOthers(folder);
}

/**
 * Whether others can write. A group with its user's number is that user's only, by the convention of Debian
 * and Fedora, and their users' files are often open to it. Root's is not: others may be in it.
 */
function isWrittenByOthers({ uid, gid, mode }: Stats): boolean {
  const isOfOthers = (mode & 0o020) !== 0 && (gid !== uid || uid === 0);
  return isOfOthers || (mode & 0o002) !== 0;
}
