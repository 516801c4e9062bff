import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { checkPrivate, createPrivateFile, isDraft, writePrivateFile } from "./private_file.ts";
import { checkFolder } from "./private_folder.ts";

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

/** Somebody else: "nobody" on most systems. */
const OTHER = 65_534;

/** A folder `a/b/c`, of which others may change one. */
function nested(change: (path: { a: string; b: string; c: string }) => void): string {
  const a = join(temporaryFolder(), "a");
  const b = join(a, "b");
  const c = join(b, "c");
  mkdirSync(c, { recursive: true, mode: 0o700 });
  change({ a, b, c });
  return c;
}

const folders: [what: string, change: Parameters<typeof nested>[0], refusal?: RegExp][] = [
  ["a private folder in private ones", () => {}],
  ["a folder that others can read", ({ c }) => chmodSync(c, 0o755)],
  ["a folder that a group can write to", ({ c }) => chmodSync(c, 0o770), /others can write to it/],
  ["a folder that all can write to", ({ c }) => chmodSync(c, 0o707), /others can write.*chmod 700/],
  ["one in a folder that all can write to", ({ a }) => chmodSync(a, 0o777), /a\. chmod go-w /],
  ["one in a shared folder that is sticky, as /tmp", ({ a }) => chmodSync(a, 0o1777)],
  ["one behind a link, in a folder that all can write to", ({ a, b, c }) => {
    chmodSync(b, 0o777);
    symlinkSync(b, join(a, "link"));
    assert.throws(() => checkFolder(join(a, "link", "c")), /in its place/);
    assert.is(c.endsWith("c"), true);
  }, /b\. chmod go-w /],
];
// Only root can give a folder to somebody else.
if (process.getuid?.() === 0) {
  folders.push(
    ["a folder of another user", ({ c }) => chownSync(c, OTHER, OTHER), /another user \(65534\)/],
    [
      "one in a folder of another user",
      ({ b }) => chownSync(b, OTHER, OTHER),
      /b\. Choose another/,
    ],
    ["one in a folder of a group", ({ b }) => {
      chownSync(b, 0, OTHER);
      chmodSync(b, 0o770);
    }, /in its place/],
  );
  test("checkPrivate() refuses a file of another user", async () => {
    const path = join(temporaryFolder(), "key");
    await writePrivateFile(path, "secret");
    checkPrivate(path, "is this host", "pair anew");
    chownSync(path, OTHER, OTHER);
    assert.throws(() => checkPrivate(path, "is this host", "pair anew"), /another user \(65534\)/);
  });
}
for (const [what, change, refusal] of folders) {
  test(`checkFolder() ${refusal ? "refuses" : "takes"} ${what}`, () => {
    const path = nested(change);
    if (refusal) assert.throws(() => checkFolder(path), refusal);
    else checkFolder(path);
  });
}

test.run();
