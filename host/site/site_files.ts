// The files that sites are made of, which `npm run build` puts beside the program.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import manifest from "../../package.json" with { type: "json" };

/** Built files of components/, and those of host/site/files/. */
const BUILT = new URL("../../host/dist/site/", import.meta.url);

/** The program, as a site's record names it. */
export const PROGRAM = `lighthouse-host ${manifest.version}`;

/** The path in a site of the workflow that publishes it to GitHub Pages. */
export const WORKFLOW = ".github/workflows/pages.yml";

/** Reads the workflow. */
export async function readWorkflow(): Promise<Uint8Array> {
  return await readFile(new URL("pages.yml", BUILT));
}

/** Reads the service worker's script. */
export async function readWorker(): Promise<Uint8Array> {
  return await readFile(new URL("lighthouse-worker.js", BUILT));
}

/** Reads the files of a folder, such as `app/`, in the order of their names. */
export async function readBuilt(
  name: "app/" | "icons/" | "key/" | "reset/",
): Promise<[file: string, bytes: Uint8Array][]> {
  const folder = new URL(name, BUILT);
  const files = (await readdir(folder)).sort();
  return await Promise.all(files.map(async (file): Promise<[string, Uint8Array]> => {
    return [file, await readFile(new URL(file, folder))];
  }));
}

/** A version that changes with each of the contents. */
export function versionOf(contents: Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const bytes of contents) hash.update(`${bytes.length}\n`).update(bytes);
  return hash.digest("hex").slice(0, 12);
}
