// Writes docs/reference/: the element, and the other exports of the package.
import { writeFile } from "node:fs/promises";
import { readElement } from "./package/manifest.ts";
import { formatElement } from "./reference_element.ts";
import { formatTypes } from "./reference_types.ts";

/** Writes both pages. The element's comes from the manifest, so that must be written first. */
export async function writeReferenceDocs(): Promise<void> {
  await writeFile("docs/reference/element.md", formatElement(await readElement()));
  await writeFile("docs/reference/types.md", await formatTypes());
}
