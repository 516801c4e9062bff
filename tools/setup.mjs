// First step of every npm script: `node tools/setup.mjs tools/<program>.ts [flags]`.
// Installs the locked dependencies where they are missing or outdated, then runs the program with
// the Node.js that came with them. Plain JavaScript without dependencies, for the Node.js (18 or
// newer) that happens to be on the machine.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

const [program, ...flags] = process.argv.slice(2);
if (!program) {
  console.error("Usage: node tools/setup.mjs tools/<program>.ts [flags]");
  process.exit(2);
}

install();

const child = spawn("node_modules/.bin/node", [program, ...flags], {
  stdio: "inherit",
  env: {
    ...process.env,
    PATH: `${root}node_modules/.bin:${process.env.PATH}`,
  },
});
// A terminal's Ctrl-C reaches the child by itself; a supervisor's signal reaches only this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
// npm's shell passes no signal on. When it has gone, so must the program.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill("SIGTERM");
}, 250).unref();
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));

/** Runs `npm ci` unless the installed packages are those of the lock file. */
function install() {
  const stamp = "node_modules/.lighthouse-installed";
  const wanted = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("Installing dependencies (once, about 30 s) …");
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const args = [...npm.slice(1), "ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync(npm[0], args, { stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    console.error("Cannot install the dependencies: npm ci failed, see its lines above");
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
