import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { createPrivateFile, isDraft, writePrivateFile } from "./private_file.ts";

const test = suite("private file");

test("writePrivateFile() makes file and folders for their owner alone", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "a", "b", "file");
  await writePrivateFile(path, "text");
  assert.is(await readFile(path, "utf8"), "text");
  assert.is((await stat(path)).mode & 0o777, 0o600);
  assert.is((await stat(join(folder, "a"))).mode & 0o777, 0o700);
});

test("writePrivateFile() replaces what others could read, and leaves nothing beside it", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "file");
  await writeFile(path, "a longer text than the next", { mode: 0o644 });
  await writePrivateFile(path, "text");
  assert.is(await readFile(path, "utf8"), "text");
  assert.is((await stat(path)).mode & 0o777, 0o600);
  assert.equal(await readdir(folder), ["file"]);
});

test("writePrivateFile() that fails leaves nothing", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "file");
  await mkdir(join(path, "in the way"), { recursive: true });
  await writePrivateFile(path, "text").then(
    () => assert.unreachable("did not reject"),
    (error) => assert.match(error.message, /EISDIR|ENOTEMPTY|EEXIST/),
  );
  assert.equal(await readdir(folder), ["file"]);
});

test("many writes at once end with one of them, whole", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "file");
  const texts = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(10_000));
  await Promise.all(texts.map((text) => writePrivateFile(path, text)));
  assert.ok(texts.includes(await readFile(path, "utf8")));
  assert.equal(await readdir(folder), ["file"]);
});

test("createPrivateFile() lets one of many be first, and changes nothing afterwards", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "a", "file");
  const texts = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(1000));
  const made = await Promise.all(texts.map((text) => createPrivateFile(path, text)));
  assert.is(made.filter(Boolean).length, 1);
  assert.is(await readFile(path, "utf8"), texts[made.indexOf(true)]);
  assert.is((await stat(path)).mode & 0o777, 0o600);
  assert.is(await createPrivateFile(path, "other"), false);
  assert.equal(await readdir(join(folder, "a")), ["file"]);
});

test("a process that is killed while it writes leaves the old file or the new one, whole", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "file");
  const module = new URL("./private_file.ts", import.meta.url).href;
  const script = `
    import { writePrivateFile } from "${module}";
    for (let i = 0;; i++) await writePrivateFile(process.argv[1], (i % 10 + "").repeat(200_000));`;
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script, path]);
    await until(() => existsSync(path));
    await sleep(20 * round);
    child.kill("SIGKILL");
    await once(child, "close");
    assert.match(await readFile(path, "utf8"), /^(\d)\1{199999}$/);
  }
  const others = (await readdir(folder)).filter((name) => name !== "file");
  assert.ok(others.every(isDraft), others.join());
});

test.run();
