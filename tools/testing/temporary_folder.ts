// For tests and tools: a folder for what nobody needs afterwards.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Makes a folder that goes, with everything in it, when this process exits. @returns its path. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "lighthouse-"));
  process.on("exit", () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}
