import { chmod, chown, lchown, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { checkFile, checkFolder, checkPossible } from "./private_folder.ts";

const test = suite("private folder");

/** Another user of this machine. Only root gives files away. */
const OTHER = 12_345;

/** A folder `above`, with `state` in it, and a file there. */
async function setUp() {
  const above = join(temporaryFolder(), "above");
  const state = join(above, "state");
  await mkdir(state, { recursive: true, mode: 0o700 });
  const file = join(state, "file");
  await writeFile(file, "", { mode: 0o600 });
  return { above, state, file };
}

test("a folder that is shared as /tmp is refused, though one in it is used", async () => {
  const { above, state } = await setUp();
  await chmod(above, 0o1777);
  checkFolder(state);
  assert.throws(() => checkFolder(above), `others can write to it. If nobody has, chmod 700`);
});

test("a file that others can write to is refused, and so is one in such a folder", async () => {
  const { above, file } = await setUp();
  checkFile(file);
  await chmod(file, 0o646);
  assert.throws(() => checkFile(file), /others can write to it.*chmod go-w .*file$/);
  await chmod(file, 0o600);
  await chmod(above, 0o777);
  assert.throws(
    () => checkFile(file),
    /others can put another file in its place.*chmod go-w .*above/,
  );
});

test("links are followed, and each folder that they lead through counts", async () => {
  const { above, state } = await setUp();
  const elsewhere = temporaryFolder();
  const link = join(elsewhere, "link");
  await symlink(above, link);
  await symlink(join("..", "above", ".", "state"), join(above, "again"));
  for (const path of [join(link, "state"), join(link, "again")]) checkFolder(path);
  await chmod(elsewhere, 0o777);
  assert.throws(() => checkFolder(join(link, "state")), `they can write to ${elsewhere}`);
  await chmod(elsewhere, 0o700);
  await chmod(above, 0o777);
  assert.throws(() => checkFolder(join(link, "state")), `they can write to ${above}`);
  await chmod(above, 0o700);
  await chmod(state, 0o770);
  assert.throws(() => checkFolder(join(link, "again")), "others can write to it");
});

test("a path that no file system takes is a wrong setting", async () => {
  const folder = temporaryFolder();
  checkPossible(join(folder, "none", "such"));
  const link = join(folder, "link");
  await symlink(link, link);
  for (const path of ["x".repeat(300), "a\0b", "link", "link/state"]) {
    assert.throws(
      () => checkPossible(`${folder}/${path}`),
      (error: { code: string; message: string }) =>
        error.code === "bad-config" && error.message.includes("another folder by --state"),
    );
  }
});

if (process.getuid?.() === 0) {
  test("a file or a link of another user is refused", async () => {
    const { above, state, file } = await setUp();
    await chown(file, OTHER, 0);
    assert.throws(() => checkFile(file), /another user \(12345\).*chown 0 /);
    const link = join(above, "link");
    await symlink(state, link);
    checkFolder(link);
    await lchown(link, OTHER, OTHER);
    assert.throws(() => checkFolder(link), `${link} is theirs. Choose another folder by --state`);
  });

  test("a folder above is refused if root's group can write to it, and not if a user's own can", async () => {
    const { above, state } = await setUp();
    await chmod(above, 0o770);
    assert.throws(() => checkFolder(state), `they can write to ${above}`);
    process.env.SUDO_UID = String(OTHER);
    await chown(above, OTHER, OTHER);
    checkFolder(state);
    delete process.env.SUDO_UID;
    assert.throws(() => checkFolder(state), `they can write to ${above}`);
  });
}

test.run();
