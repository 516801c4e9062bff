// Runs every `*_test.ts`, each in a process of its own, and prints one closing line.
//
//     npm test                 all tests
//     npm test -- wire relay   only files whose path contains one of the words
//
// uvu's own command runs all files in one process, lets a file pass that ran nothing, and waits
// forever for a test that hangs; a native crash would take every other file with it.
import { spawn } from "node:child_process";
import { glob } from "node:fs/promises";
import { availableParallelism } from "node:os";
import process from "node:process";
import { build } from "./build.ts";
import { findBrowser } from "./browser.ts";

const FILE_DEADLINE_MS = 240_000;

interface FileResult {
  passed: number;
  failed: number;
}

const words = process.argv.slice(2);
const files: string[] = [];
for await (const file of glob("{wire,relay,host,components,stack,tools}/**/*_test.ts")) {
  if (file.includes("node_modules") || file.includes("/dist/")) continue;
  if (words.length === 0 || words.some((word) => file.includes(word))) files.push(file);
}
files.sort();
if (files.length === 0) {
  console.error(`Cannot find a test file whose path contains: ${words.join(", ")}`);
  process.exit(2);
}

await build();
const browser = await findBrowser();
console.log(`Tests run in ${browser}`);

// End-to-end files drive a browser and measure waits, so each has the machine to itself.
const isEndToEnd = (file: string) => file.includes("e2e");
const results: FileResult[] = [];
await runAll(files.filter((file) => !isEndToEnd(file)), availableParallelism());
await runAll(files.filter(isEndToEnd), 1);

const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function runAll(queue: string[], parallel: number): Promise<void> {
  const rest = [...queue];
  await Promise.all(Array.from({ length: parallel }, async () => {
    for (let file = rest.shift(); file; file = rest.shift()) results.push(await runFile(file));
  }));
}

/** Runs one file, prints its output when something failed, and counts what uvu reported. */
async function runFile(file: string): Promise<FileResult> {
  const started = performance.now();
  const child = spawn(process.execPath, [file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CHROME_PATH: browser, NO_COLOR: "1" },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => output += text);
  const timer = setTimeout(() => child.kill("SIGKILL"), FILE_DEADLINE_MS);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on("close", (code, signal) => resolve([code, signal]))
  );
  clearTimeout(timer);

  const total = sum(output, "Total");
  const passed = sum(output, "Passed");
  let failed = total - passed;
  let trouble = "";
  if (signal) trouble = `ended by ${signal} (a crash, or over ${FILE_DEADLINE_MS / 1000} s)`;
  else if (total === 0) trouble = "ran no test (is .run() missing?)";
  else if (code !== 0 && failed === 0) trouble = `exited with ${code}`;
  if (trouble) failed++;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${failed ? "✗" : "✓"} ${file}  ${passed}/${total}  ${seconds} s ${trouble}`);
  if (failed) console.log(output);
  return { passed, failed };
}

/** Adds up uvu's closing figures ("  Total:     12"), of which a file with two suites prints two. */
function sum(output: string, label: string): number {
  const lines = output.matchAll(new RegExp(`^\\s+${label}:\\s+(\\d+)`, "gm"));
  return [...lines].reduce((total, match) => total + Number(match[1]), 0);
}
