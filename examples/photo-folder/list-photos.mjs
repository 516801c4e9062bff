// Writes photos.json, the list that the gallery reads, into a folder with photos:
//
//     node list-photos.mjs ~/Pictures/holiday
import { readdir, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import process from "node:process";

const [folder = "photos"] = process.argv.slice(2);
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const names = entries
  .filter((entry) => entry.isFile() && /\.(?:avif|gif|jpe?g|png|svg|webp)$/i.test(entry.name))
  .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll(sep, "/"))
  .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
await writeFile(join(folder, "photos.json"), `${JSON.stringify(names, null, 2)}\n`);
console.log(`${names.length} photos in ${join(folder, "photos.json")}`);
