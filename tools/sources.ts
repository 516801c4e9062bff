// The project's TypeScript sources, for the checks that read them.
import { glob, readFile } from "node:fs/promises";

/** A file's source text by its path from the root, with `/`. */
export type Sources = ReadonlyMap<string, string>;

/** What is built, and what becomes a project of somebody's own. */
const OTHERS = /\/dist\/|^stack\/template\//;

/** Reads all of them, tests included; `cwd` is the root. */
export async function readSources(): Promise<Sources> {
  const sources = new Map<string, string>();
  for await (const file of glob("{wire,relay,host,components,stack,tools}/**/*.ts")) {
    if (OTHERS.test(file)) continue;
    sources.set(file.replaceAll("\\", "/"), await readFile(file, "utf8"));
  }
  return sources;
}

/** Whether only tests may import a file: it is one, or it serves them. */
export function isTest(path: string): boolean {
  return path.endsWith("_test.ts") || path.includes("/testing/") || path.includes("/testdata/");
}
