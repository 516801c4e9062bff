// For tests and tools: temporary folders.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const made: string[] = [];

process.on("exit", () => {
  for (const path of made) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
});

/** Makes a folder, and removes it with its contents when this process exits. @returns Its path. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "lighthouse-"));
  made.push(path);
  return path;
}
