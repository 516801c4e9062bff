import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { readIdentity } from "./host_key.ts";

const test = suite("host_key");

function temporary() {
  const folder = temporaryFolder();
  return {
    folder,
    path: join(folder, "state", "host.key"),
    state: join(folder, "state"),
  };
}

test("readIdentity() makes a key for its owner alone, and reads the same again", async () => {
  const at = temporary();
  const made = await readIdentity(at.state);
  assert.is(made.publicKey.length, 65);
  assert.is(made.keys.privateKey.extractable, false);
  assert.is((await stat(at.path)).mode & 0o777, 0o600);
  assert.is((await stat(at.state)).mode & 0o777, 0o700);
  const read = await readIdentity(at.state);
  assert.equal(read.publicKey, made.publicKey);
  assert.is(read.fingerprint, made.fingerprint);
  assert.equal(await readdir(at.state), ["host.key"]);
});

test("several that make a key at the same time have the same", async () => {
  const at = temporary();
  const all = await Promise.all(Array.from({ length: 8 }, () => readIdentity(at.state)));
  assert.is(new Set(all.map(({ fingerprint }) => fingerprint)).size, 1);
});

for (const mode of [0o640, 0o604, 0o660, 0o644]) {
  test(`a key that others can read (${mode.toString(8)}) is refused, with what to do`, async () => {
    const at = temporary();
    await readIdentity(at.state);
    await chmod(at.path, mode);
    const error = await failureOf(readIdentity(at.state));
    assert.is(error.code, "bad-config");
    assert.match(error.message, `chmod 600 ${at.path}`);
  });
}

test("a key that is none is refused, kept, and not repeated", async () => {
  const at = temporary();
  await readIdentity(at.state);
  const good = await readFile(at.path, "utf8");
  const { d } = JSON.parse(good);
  const bad = [
    "",
    "{",
    "null",
    `"${d}"`,
    good.slice(0, -5),
    good.replace(/"x":"..../, '"x":"AAAA'),
  ];
  for (const text of bad) {
    await writeFile(at.path, text);
    const error = await failureOf(readIdentity(at.state));
    assert.is(error.code, "bad-config", text);
    assert.not.match(error.message, d.slice(0, 8));
    assert.is(await readFile(at.path, "utf8"), text);
  }
});

test.run();
