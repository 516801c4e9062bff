// Runs each `*_test.ts` in a separate process, and prints one closing line. Those of wire/ also run in
// Deno: its code is the same in browser, Node and Deno.
//
//     npm test                 all tests
//     npm test -- wire relay   only files whose path contains one of the words
//
// A failed file runs again after all others, without another file beside it. The second result counts,
// and the closing lines name the file. See docs/decisions.md, "Tests".
//
// uvu's own command runs all files in one process, accepts a file that runs no test, and waits forever
// for a test that hangs. A native crash would end all other files, too.
import { spawn } from "node:child_process";
import { glob } from "node:fs/promises";
import { availableParallelism } from "node:os";
import process from "node:process";
import { findBrowser } from "./browser.ts";
import { ensureBuilt } from "./built.ts";
import { temporaryFolder } from "./testing/temporary_folder.ts";

const FILE_DEADLINE_MS = 240_000;

/** A file, and the command that runs it: this Node or Deno. */
interface Run {
  file: string;
  command: string[];
}

interface Result extends Run {
  passed: number;
  failed: number;
  /** Tests that this machine cannot run. */
  skipped: number;
}

const words = process.argv.slice(2);
const files: string[] = [];
for await (const file of glob("{wire,relay,host,components,stack,tools}/**/*_test.ts")) {
  if (file.includes("node_modules") || file.includes("/dist/")) continue;
  if (words.length === 0 || words.some((word) => file.includes(word))) files.push(file);
}
// Backwards, so that the short ones of components/ come last, and no lane ends long after the others.
files.sort().reverse();
if (files.length === 0) {
  console.error(`Cannot find a test file whose path contains: ${words.join(", ")}`);
  process.exit(2);
}

/** These use the package as npm publishes it. */
const OF_PACKAGE = [
  "tools/e2e/examples_test.ts",
  "tools/e2e/npx_test.ts",
  "tools/e2e/recipes_test.ts",
  "tools/e2e/setup_refusals_test.ts",
  "tools/e2e/setup_test.ts",
  "tools/package/package_test.ts",
];

await ensureBuilt(files.some((file) => OF_PACKAGE.includes(file)) ? "package" : "bundles");
// Finds or installs the browsers once for all files.
const browsers = {
  CHROME_PATH: await findBrowser("chromium"),
  FIREFOX_PATH: await findBrowser("firefox"),
};
/** Compiled modules, which most files share: to start takes them half as long. */
const NODE_COMPILE_CACHE = temporaryFolder();
console.log(`Tests run in ${Object.values(browsers).join(" and ")}`);

/** This file needs Node's command line. */
const NODE_ONLY = "wire/exit_test.ts";

// Deno fetches nothing: all packages are in node_modules.
const DENO = ["deno", "run", "--allow-all", "--no-check", "--cached-only"];
const NODE = [process.execPath];

// Most end-to-end files drive a browser and wait, so one more of them than there are processors run at a
// time, beside one other file. Files that keep the machine busy, or change its addresses, which all hosts
// notice, run one by one.
const BUSY = [
  "bench",
  "doctor_nat",
  "flood",
  "lanes",
  "leaks",
  "many_hosts",
  "network",
  "real_apps",
  "resume",
  "transfer",
]
  .map((name) => `tools/e2e/${name}_test.ts`);
const isEndToEnd = (file: string) => file.includes("e2e");
const isBusy = (file: string) => BUSY.includes(file);
const inNode = (file: string): Run => ({ file, command: NODE });
let results: Result[] = [];
const units = files.filter((file) => !isEndToEnd(file)).map(inNode);
const ends = files.filter((file) => isEndToEnd(file) && !isBusy(file)).map(inNode);
await Promise.all([
  ...Array.from({ length: availableParallelism() + 1 }, () => runEach([ends, units])),
  runEach([units, ends]),
]);
await runEach([files.filter(isBusy).map(inNode)]);
const portable = files.filter((file) => file.startsWith("wire/") && file !== NODE_ONLY)
  .map((file) => ({ file, command: DENO }));
await Promise.all(Array.from({ length: availableParallelism() }, () => runEach([portable])));

const hasPassed = ({ failed }: Result) => failed === 0;
const again = results.filter((result) => !hasPassed(result));
if (again.length > 0) console.log(`Once more, one by one: ${again.map(nameOf).join(", ")}`);
results = results.filter(hasPassed);
const { length } = results;
await runEach([again]);
const flaky = results.slice(length).filter(hasPassed);
if (flaky.length > 0) {
  console.log(`Failed, then passed without others: ${flaky.map(nameOf).join(", ")}`);
}

const sum = (key: "passed" | "failed" | "skipped") =>
  results.reduce((total, result) => total + result[key], 0);
if (sum("skipped") > 0) console.log(`${sum("skipped")} not run: this machine cannot run them`);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exit(sum("failed") === 0 ? 0 : 1);

/** Runs the rest of the first queue, then of the next. Other calls may take from them meanwhile. */
async function runEach(queues: Run[][]): Promise<void> {
  for (const queue of queues) {
    for (let run = queue.shift(); run; run = queue.shift()) {
      results.push(await runFile(run));
    }
  }
}

function nameOf({ file, command }: Run): string {
  return command === DENO ? `${file} in Deno` : file;
}

/** Runs one file, prints its output if a test failed, and counts uvu's results. */
async function runFile(run: Run): Promise<Result> {
  const { file, command: [program, ...flags] } = run;
  const started = performance.now();
  const child = spawn(program!, [...flags, file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...browsers, NODE_COMPILE_CACHE, NO_COLOR: "1" },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => output += text);
  const timer = setTimeout(() => child.kill("SIGKILL"), FILE_DEADLINE_MS);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on("close", (code, signal) => resolve([code, signal]))
  );
  clearTimeout(timer);

  const total = count(output, "Total");
  const passed = count(output, "Passed");
  const skipped = count(output, "Skipped");
  let failed = total - passed;
  let trouble = "";
  if (signal) trouble = `ended by ${signal} (a crash, or over ${FILE_DEADLINE_MS / 1000} s)`;
  else if (total + skipped === 0) trouble = "ran no test (is .run() missing?)";
  else if (code !== 0 && failed === 0) trouble = `exited with ${code}`;
  if (trouble) failed++;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const notRun = skipped > 0 ? `(${skipped} not run) ` : "";
  const counts = `${passed}/${total}  ${seconds} s ${notRun}${trouble}`;
  console.log(`${failed ? "✗" : "✓"} ${nameOf(run)}  ${counts}`);
  if (failed) console.log(output);
  return { file, command: run.command, passed, failed, skipped };
}

/** Adds up uvu's closing figures ("  Total:     12"). A file with two suites prints two. */
function count(output: string, label: string): number {
  const lines = output.matchAll(new RegExp(`^\\s+${label}:\\s+(\\d+)`, "gm"));
  return [...lines].reduce((total, match) => total + Number(match[1]), 0);
}
