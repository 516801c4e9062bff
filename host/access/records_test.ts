import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { openFolder } from "./records.ts";

const test = suite("records");

test("openFolder() makes the folders on the way for their owner alone", () => {
  const top = join(temporaryFolder(), "a");
  const folder = join(top, "b", "c");
  openFolder(folder);
  openFolder(folder);
  for (const path of [top, folder]) assert.is(statSync(path).mode & 0o777, 0o700);
});

// In a process of its own: one that never ends is killed.
const URL_OF_RECORDS = new URL("./records.ts", import.meta.url).href;
const PROGRAM = `
import { openFolder } from ${JSON.stringify(URL_OF_RECORDS)};
try { openFolder(process.argv[1]); } catch ({ code }) { console.log(code); }
`;
const nowhere: [path: string, code: string][] = [
  [join(process.execPath, "state"), "ENOTDIR"],
  [`/${"a".repeat(300)}/state`, "ENAMETOOLONG"],
];
// Where /proc is, it has no room for folders, and says ENOENT of them.
if (process.platform === "linux") nowhere.push(["/proc/none/state", "ENOENT"]);
for (const [path, code] of nowhere) {
  test(`openFolder() fails with ${code} where no folder can be`, () => {
    const { stdout } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", PROGRAM, path],
      { timeout: 20_000, killSignal: "SIGKILL", encoding: "utf8" },
    );
    assert.is(stdout.trim(), code);
  });
}

test.run();
