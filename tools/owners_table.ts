// The table of owners in docs/architecture.md.
import { readFile, writeFile } from "node:fs/promises";
import { formatOwners } from "./imports.ts";

const PAGE = "docs/architecture.md";

/** Writes the table anew, from OWNERS in imports.ts, where the page's two comments enclose it. */
export async function writeOwnersTable(): Promise<void> {
  const text = await readFile(PAGE, "utf8");
  const written = withOwners(text);
  if (written !== text) await writeFile(PAGE, written);
}

/** The page with the table as it is to be. @throws {Error} If a comment is missing. */
export function withOwners(page: string): string {
  const [, before, after] = /^(.*<!-- owners:[^>]*-->\n).*(<!-- \/owners -->.*)$/s.exec(page) ?? [];
  if (before === undefined) throw new Error(`Cannot find the comments around the table in ${PAGE}`);
  return `${before}\n${formatOwners()}\n\n${after}`;
}
