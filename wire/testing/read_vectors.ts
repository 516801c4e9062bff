// For tests: reads the test vectors in `testdata/`.
import { readFileSync } from "node:fs";

/** Returns the vectors of a file in `testdata/`. */
export function readVectors<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../testdata/${file}`, import.meta.url), "utf8"));
}
