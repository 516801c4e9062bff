import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, statSync, writeFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { keepShort, olderLog } from "./log_file.ts";

const test = suite("log file");

/** Prints numbered lines, and keeps its output's file short meanwhile. */
const PROGRAM = `
import { keepShort } from ${JSON.stringify(new URL("./log_file.ts", import.meta.url))};
const fail = (error) => { throw error; };
using _ = keepShort(process.argv[1], fail, { most: 4096, every: 1 });
for (let line = 0; line < 2_000; line++) {
  process.stdout.write(String(line).padStart(63) + "\\n");
  if (line % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
`;

test("a file to which a program's output is appended stays short, and its newest lines are there", async () => {
  const path = join(temporaryFolder(), "host.log");
  const file = openSync(path, "a", 0o600);
  const program = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM, path], {
    stdio: ["ignore", file, "inherit"],
  });
  const [status] = await once(program, "exit");
  assert.is(status, 0);
  const text = await readFile(olderLog(path), "utf8") + await readFile(path, "utf8");
  const lines = text.trimEnd().split("\n").map(Number);
  assert.equal(lines, lines.map((_, at) => 2_000 - lines.length + at), "no line is lost or torn");
  assert.ok(lines.length >= 64, `${lines.length} lines`);
  assert.ok(text.length < 2_000 * 64 / 2, `${text.length} bytes`);
  assert.is((await stat(olderLog(path))).mode & 0o077, 0, "nobody else reads the older lines");
});

test("a file that is not there is told once, and the host goes on", () => {
  const errors: Error[] = [];
  const path = join(temporaryFolder(), "none");
  using _ = keepShort(path, (error) => errors.push(error));
  assert.is(errors.length, 1);
});

test("a file stays short where the older lines can be written nowhere", async () => {
  const path = join(temporaryFolder(), "host.log");
  mkdirSync(olderLog(path));
  const errors: Error[] = [];
  writeFileSync(path, "x".repeat(100));
  using _ = keepShort(path, (error) => errors.push(error), { most: 100, every: 1 });
  assert.is(statSync(path).size, 0);
  writeFileSync(path, "x".repeat(100));
  await until(() => statSync(path).size === 0);
  assert.is(errors.length, 1, "the trouble is told once");
});

test.run();
