// Whether all that pages run is within the floor: APIs, CSS, HTML, and syntax.
import { glob, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { transform } from "esbuild";
import { isTest } from "../sources.ts";
import { type Exception, EXCEPTIONS } from "./exceptions.ts";
import { newFeatures, type PageFiles } from "./features.ts";
import { BROWSERS, FLOOR } from "./floor.ts";
import type { Use } from "./script_features.ts";

/** What runs in pages: as it was built, as it is written by hand, and the sources, which have types. */
const FILES = [
  "components/dist/**/*.js",
  "host/{dev,inspector,site}/**/*.{css,html,js}",
  "docs/demo/*.{css,html,js}",
  "examples/{llm-chat,page,photo-folder}/*.{css,html,js}",
  "components/**/*.ts",
  "wire/**/*.ts",
];

/** Programs of the host that write pages. */
const MAKERS = ["host/{dev,inspector,site}/**/*.ts"];

/** The lines for people about all that is too new in what was built last. */
export async function beyondFloor(): Promise<string[]> {
  const files = await read(FILES);
  const uses = newFeatures({ files, makers: await read(MAKERS) });
  return [
    ...withoutExceptions(uses, EXCEPTIONS),
    ...await missingGuards(EXCEPTIONS),
    ...await newSyntax(files),
  ];
}

/** A line for each use that no exception allows, and for each exception that nothing needs. */
export function withoutExceptions(uses: Use[], exceptions: readonly Exception[]): string[] {
  const isMeant = (path: string, feature: string) =>
    feature === path || feature.startsWith(`${path}.`);
  const allows = ({ features }: Exception, feature: string) =>
    features.some((path) => isMeant(path, feature));
  const floor = Object.entries(FLOOR).map((each) => each.join(" ")).join(", ");
  const refused = uses.filter(({ feature }) => !exceptions.some((each) => allows(each, feature)));
  const idle = exceptions.flatMap(({ features }) => features)
    .filter((path) => !uses.some(({ feature }) => isMeant(path, feature)));
  return [
    ...refused.map(({ file, line, feature, needs, code }) =>
      `${file}:${line}: ${feature} needs ${needs}, and pages must run in ${floor}: …${code}…`
    ),
    ...idle.map((path) => `Nothing uses ${path}: take it out of tools/floor/exceptions.ts`),
  ];
}

/** A line for each script that esbuild would have to rewrite for the floor. */
export async function newSyntax(files: PageFiles["files"]): Promise<string[]> {
  const lines = await Promise.all([...files].map(async ([file, text]) => {
    if (!file.endsWith(".js")) return [];
    const [asIs, rewritten] = await Promise.all(
      ["esnext", BROWSERS].map((target) => transform(text, { target })),
    );
    const isSame = asIs!.code === rewritten!.code;
    return isSame ? [] : [`${file} has syntax that is newer than ${BROWSERS.join(", ")}`];
  }));
  return lines.flat();
}

async function missingGuards(exceptions: readonly Exception[]): Promise<string[]> {
  const lines = await Promise.all(exceptions.map(async ({ features, guard }) => {
    const text = guard && await readFile(guard[0], "utf8").catch(() => "");
    return text === undefined || text.includes(guard![1])
      ? []
      : [`${guard![0]} asks no more for ${features.join(", ")}: see tools/floor/exceptions.ts`];
  }));
  return lines.flat();
}

/** Reads files by their absolute paths, with which modules find each other. */
async function read(patterns: string[]): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const file of glob(patterns)) {
    const isInput = !isTest(file) && !(file.includes("/dist/") && !file.startsWith("components/"));
    if (isInput && !file.endsWith(".d.ts")) files.set(resolve(file), await readFile(file, "utf8"));
  }
  return files;
}
