// The checks of CI, in one command.
//
//     npm run check      format, lint, imports, dead code, types, sizes, the floor of browsers
//     npm run ok         the same, then all tests
//     npm run format     formats, and mends what the linter can
import { spawnSync } from "node:child_process";
import process from "node:process";
import { build } from "./build.ts";
import { beyondFloor } from "./floor/check.ts";
import { wrongImports } from "./imports.ts";
import { longClasses } from "./sizes.ts";
import { readSources } from "./sources.ts";
import { literalSpreads } from "./spreads.ts";

/**
 * Lines that tools/attack, bench, fuzz and soak may have together, tests included. They measure the
 * product and are no part of it, yet they are longer than relay/ and stack/ together. A new measurement takes
 * the place of an old one; lower the number when they shrink.
 */
const MEASURING_LINES = 9_800;

const flags = process.argv.slice(2);
if (flags.includes("--fix")) {
  run("deno", "fmt", "--quiet");
  run("deno", "lint", "--fix", "--quiet");
} else {
  run("deno", "fmt", "--check", "--quiet");
  run("deno", "lint", "--quiet");
  await checkSources();
  // Before knip, because stack/ names the relay's bundle by "#relay".
  await checkSizes();
  run("knip");
  // Files that only tests use.
  run("knip", "--production", "--include", "files");
  run("tsc");
  run("tsc", "-p", "wire");
  // After the build, because it reads what was built.
  console.log("· what pages run, beside the floor of browsers");
  fail(await beyondFloor());
  if (flags.includes("--test")) run("node", "tools/test.ts");
}

/** Runs a command of the dependencies. If it fails, this process ends with its exit code. */
function run(command: string, ...args: string[]): void {
  console.log(`· ${command} ${args.join(" ")}`);
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

async function checkSources(): Promise<void> {
  console.log("· imports, classes, spreads, lines of the measuring tools");
  const sources = await readSources();
  fail([...wrongImports(sources), ...longClasses(sources), ...literalSpreads(sources)]);
  const lines = [...sources].filter(([file]) => /^tools\/(attack|bench|fuzz|soak)\//.test(file))
    .reduce((sum, [, text]) => sum + text.trimEnd().split("\n").length, 0);
  if (lines > MEASURING_LINES) {
    fail([
      `tools/attack, bench, fuzz and soak have ${lines} lines, over their budget of ${MEASURING_LINES}`,
    ]);
  }
}

async function checkSizes(): Promise<void> {
  console.log("· bundle sizes");
  const over = (await build()).filter((bundle) => bundle.over);
  fail(over.map(({ outfile, minified }) => `${outfile} is over its budget: ${minified} bytes`));
}

function fail(lines: string[]): void {
  for (const line of lines) console.error(line);
  if (lines.length > 0) process.exit(1);
}
