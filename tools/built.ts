// Builds only after a change, for what starts often: `npm start` and `npm test`.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { glob, readFile, stat, writeFile } from "node:fs/promises";

/** What is built of, besides the locked dependencies. */
const SOURCES = "{components,host,relay,stack,tools,wire}/**/*.*";

/** Describes the last build, as JSON. It goes with the dependencies. */
const STAMP = "node_modules/.lighthouse-built";

/** A build that was made. */
interface Built {
  what: "bundles" | "package";
  /** Hash of the sources. */
  sources: string;
  /** The bundles' paths. */
  files: string[];
}

/**
 * Builds, unless that was done since the last change of a source.
 *
 * @param what The bundles only, or all that the package has.
 * @throws esbuild's error, if a source has one.
 */
export async function ensureBuilt(what: Built["what"] = "bundles"): Promise<void> {
  const sources = await hashOfSources();
  const last: Built | undefined = await readFile(STAMP, "utf8").then(JSON.parse)
    .catch(() => undefined);
  const hasAll = last?.what === what || last?.what === "package";
  if (hasAll && last.sources === sources && last.files.every((file) => existsSync(file))) return;
  // The build takes a second to load.
  const { build, buildPackage, OUTFILES } = await import("./build.ts");
  await (what === "package" ? buildPackage() : build());
  const built: Built = { what, sources, files: OUTFILES };
  await writeFile(STAMP, JSON.stringify(built));
}

/** Hashes the files' names, sizes and times of change, which is faster than to read all of them. */
async function hashOfSources(): Promise<string> {
  const files = ["package.json", "package-lock.json"];
  const isOther = (name: string) => name === "dist" || name === "node_modules";
  for await (const file of glob(SOURCES, { exclude: isOther })) files.push(file);
  const hash = createHash("sha256");
  for (const file of files.sort()) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}
