// Writes docs/reference/: the element, and the other exports of the package.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { formatElement, type Manifest } from "./reference_element.ts";
import { formatTypes } from "./reference_types.ts";

const FOLDER = "docs/reference";
const MANIFEST = "components/dist/custom-elements.json";

/** Writes both pages. `npm run build` has made the manifest. */
export async function writeReferenceDocs(): Promise<void> {
  const manifest = JSON.parse(await readFile(MANIFEST, "utf8")) as Manifest;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}/element.md`, formatElement(manifest, "lighthouse-tunnel"));
  await writeFile(`${FOLDER}/types.md`, await formatTypes());
}
