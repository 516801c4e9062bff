// Reads YAML files, with the parser that Pulumi brings.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const { load } = createRequire(import.meta.resolve("@pulumi/pulumi/index.js"))("js-yaml");

/** What a YAML file of the repository holds. @param file Its path from the root. */
// deno-lint-ignore no-explicit-any
export async function readYaml(file: string): Promise<any> {
  return load(await readFile(new URL(`../../${file}`, import.meta.url), "utf8"));
}
