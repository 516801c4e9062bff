// Writes LICENSES.txt into the folder of each bundle: the licences of the packages that are in it.
import { readdir, readFile, writeFile } from "node:fs/promises";

/** Writes them. @param inputs The files that went into each folder's bundles, by folder. */
export async function writeLicenses(inputs: ReadonlyMap<string, Iterable<string>>): Promise<void> {
  for (const [folder, files] of inputs) {
    const packages = new Set<string>();
    for (const file of files) {
      const path = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
      if (path) packages.add(path);
    }
    if (packages.size > 0) await writeFile(`${folder}/LICENSES.txt`, await format(packages));
  }
}

/** Each licence once, under the names of the packages that have it. */
async function format(packages: Iterable<string>): Promise<string> {
  const namesOf = new Map<string, string[]>();
  for (const path of [...packages].sort()) {
    const { name, version, license } = JSON.parse(await readFile(`${path}/package.json`, "utf8"));
    const file = (await readdir(path)).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? await readFile(`${path}/${file}`, "utf8") : `Licence: ${license}\n`;
    const names = namesOf.get(text) ?? [];
    namesOf.set(text, [...names, `${name} ${version}`]);
  }
  const parts = [...namesOf].map(([text, names]) => `${names.join("\n")}\n\n${text.trim()}\n`);
  return parts.join(`\n${"-".repeat(80)}\n\n`);
}
