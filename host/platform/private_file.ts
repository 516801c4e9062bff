// Writes the host's own files, so that nobody else reads them and nobody finds half of one.
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file whole or not at all: into another one beside it, which then takes its place. The file
 * is its owner's alone to read (0600), and so are folders that are made for it (0700).
 *
 * @throws what the file system throws; the file is then as it was.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await withDraft(path, text, (draft) => rename(draft, path));
}

/**
 * Writes a file, as {@linkcode writePrivateFile} does, where there is none. Of several that try it at
 * the same time, in any number of processes, one succeeds.
 *
 * @returns Whether it was this one.
 * @throws what the file system throws.
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

/** What a process that was killed leaves beside the files: drafts. */
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
      // The name must not change before the bytes are on the disk.
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
