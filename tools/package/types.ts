// Writes the type declarations of each entry: one file of all that it exports, emitted from the sources.
import { generateDtsBundle } from "dts-bundle-generator";
import { writeFile } from "node:fs/promises";
import { entryTypes } from "./entry_types.ts";
import { readElement } from "./manifest.ts";

/** Writes all of them. The manifest must be written. */
export async function writeTypes(): Promise<void> {
  const files: [path: string, text: string][] = [
    ["components/dist/element.d.ts", declarationsOf("components/mod.ts")],
    // The generator leaves out `import * as`.
    ...["mod", "main"].map((name): [path: string, text: string] => [
      `stack/dist/${name}.d.ts`,
      `import * as pulumi from "@pulumi/pulumi";\n\n${declarationsOf(`stack/${name}.ts`)}`,
    ]),
    ["components/dist/define.d.ts", entryTypes(await readElement())],
  ];
  for (const [file, text] of files) await writeFile(file, text);
}

function declarationsOf(filePath: string): string {
  const [text] = generateDtsBundle([{
    filePath,
    libraries: { importedLibraries: ["lit"], allowedTypesLibraries: [] },
    output: { noBanner: true, exportReferencedTypes: false, inlineDeclareGlobals: true },
  }], { preferredConfigPath: "tsconfig.json" });
  return text!;
}
