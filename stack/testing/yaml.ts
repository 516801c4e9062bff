// Reads Pulumi's own YAML files, with the parser that Pulumi brings.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const { load } = createRequire(import.meta.resolve("@pulumi/pulumi/index.js"))("js-yaml");

/** The repository's files for Pulumi, as paths from the root. */
type PulumiFile = "Pulumi.yaml" | "Pulumi.prod.yaml" | "stack/template/Pulumi.yaml";

/** What a YAML file of the repository holds. */
// deno-lint-ignore no-explicit-any
export async function readYaml(file: PulumiFile): Promise<any> {
  return load(await readFile(new URL(`../../${file}`, import.meta.url), "utf8"));
}
