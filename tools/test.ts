// Runs every `*_test.ts`, each in a process of its own, and prints one closing line. Those of wire/
// run in Deno as well: its code is the same in browser, Node and Deno.
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
// Found, or installed, once for all files.
const browsers = {
  CHROME_PATH: await findBrowser("chromium"),
  FIREFOX_PATH: await findBrowser("firefox"),
};
console.log(`Tests run in ${Object.values(browsers).join(" and ")}`);

/** Runs its script in Node's command line. */
const NODE_ONLY = "wire/exit_test.ts";

// Nothing is to be fetched: all there is comes from node_modules.
const DENO = ["deno", "run", "--allow-all", "--no-check", "--cached-only"];

// Most end-to-end files drive a browser and wait: two of them run at a time, beside one of the others, of
// which many wait as well. Those that keep the machine busy have it to themselves, one after the other.
const BUSY = ["bench", "flood", "lanes", "leaks", "many_hosts", "resume", "transfer"]
  .map((name) => `tools/e2e/${name}_test.ts`);
const isEndToEnd = (file: string) => file.includes("e2e");
const isBusy = (file: string) => BUSY.includes(file);
const results: FileResult[] = [];
const units = files.filter((file) => !isEndToEnd(file));
const ends = files.filter((file) => isEndToEnd(file) && !isBusy(file));
await Promise.all([
  ...Array.from({ length: availableParallelism() }, () => runEach([ends, units])),
  runEach([units, ends]),
]);
await runEach([files.filter(isBusy)]);
const portable = files.filter((file) => file.startsWith("wire/") && file !== NODE_ONLY);
await Promise.all(Array.from({ length: availableParallelism() }, () => runEach([portable], DENO)));

const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Runs what is left of the first queue, then of the next. Others may take from them meanwhile. */
async function runEach(queues: string[][], runtime?: string[]): Promise<void> {
  for (const queue of queues) {
    for (let file = queue.shift(); file; file = queue.shift()) {
      results.push(await runFile(file, runtime));
    }
  }
}

/**
 * Runs one file, prints its output when something failed, and counts what uvu reported.
 *
 * @param runtime The command that the file's name follows. @default this Node
 */
async function runFile(file: string, runtime = [process.execPath]): Promise<FileResult> {
  const started = performance.now();
  const [command, ...flags] = runtime;
  const child = spawn(command!, [...flags, file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...browsers, NO_COLOR: "1" },
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
  const where = runtime === DENO ? " in Deno" : "";
  console.log(`${failed ? "✗" : "✓"} ${file}${where}  ${passed}/${total}  ${seconds} s ${trouble}`);
  if (failed) console.log(output);
  return { passed, failed };
}

/** Adds up uvu's closing figures ("  Total:     12"), of which a file with two suites prints two. */
function sum(output: string, label: string): number {
  const lines = output.matchAll(new RegExp(`^\\s+${label}:\\s+(\\d+)`, "gm"));
  return [...lines].reduce((total, match) => total + Number(match[1]), 0);
}
