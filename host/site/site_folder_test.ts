import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { openSiteFolder, writeFolder } from "./site_folder.ts";
import { RECORD } from "./site_record.ts";

const test = suite("site folder");

const V1 = {
  "index.html": "one",
  "sw.js": "worker one",
  "lighthouse/old.js": "old",
  "README.md": "read one",
  ".github/workflows/pages.yml": "publish one",
};
const V2 = {
  "index.html": "two",
  "sw.js": "worker two",
  "lighthouse/new.js": "new",
  "README.md": "read two",
  ".github/workflows/pages.yml": "publish two",
};

async function write(folder: string, files: Record<string, string>, kind: "app" | "key" = "app") {
  const before = await openSiteFolder(folder, kind);
  const entries = Object.entries(files).map(([path, text]): [string, Buffer] => {
    return [path, Buffer.from(text)];
  });
  const record = { kind, by: "test 1", version: "v", options: {} };
  const { written, removed, kept } = await writeFolder(folder, new Map(entries), record, before);
  return { written: written.toSorted(), removed, kept };
}

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== RECORD);
  return Object.fromEntries(
    await Promise.all(files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1), await readFile(path, "utf8")];
    })),
  );
}

function refusal(action: Promise<unknown>): Promise<string> {
  return action.then(() => "", ({ code, message }) => `${code}: ${message}`);
}

test("a new folder gets all files, and the same once more changes none", async () => {
  const folder = join(temporaryFolder(), "a", "b");
  assert.equal((await write(folder, V1)).written, Object.keys(V1).toSorted());
  assert.equal(await contentsOf(folder), V1);
  assert.equal(await write(folder, V1), { written: [], removed: [], kept: [] });
});

test("the next version replaces its files, and removes those that it no longer has", async () => {
  const folder = temporaryFolder();
  await write(folder, V1);
  await writeFile(join(folder, "lighthouse", "mine.txt"), "mine");
  await writeFile(join(folder, "CNAME"), "a.example");
  const { removed, kept } = await write(folder, V2);
  assert.equal([removed, kept], [["lighthouse/old.js"], []]);
  assert.equal(await contentsOf(folder), {
    ...V2,
    "lighthouse/mine.txt": "mine",
    "CNAME": "a.example",
  });
});

test("README and workflow stay as the owner has changed them, and away if deleted", async () => {
  const folder = temporaryFolder();
  await write(folder, V1);
  await writeFile(join(folder, "README.md"), "my words");
  await rm(join(folder, ".github"), { recursive: true });
  for (const version of [V2, V1]) {
    assert.equal((await write(folder, version)).kept, ["README.md"]);
    const { "README.md": readme, ...others } = await contentsOf(folder);
    assert.is(readme, "my words");
    assert.not.ok(".github/workflows/pages.yml" in others);
  }
});

test("a changed file that must fit the others is refused, and nothing is written", async () => {
  const folder = temporaryFolder();
  await write(folder, V1);
  await writeFile(join(folder, "index.html"), "my page");
  for (const version of [V1, V2]) {
    assert.match(
      await refusal(write(folder, version)),
      /^bad-config: .*index\.html in .* is not as .* delete it here, and run this again/,
    );
  }
  assert.equal(await contentsOf(folder), { ...V1, "index.html": "my page" });
  await rm(join(folder, "index.html"));
  await write(folder, V2);
  assert.equal(await contentsOf(folder), V2);
});

test("a changed file of an earlier version stays", async () => {
  const folder = temporaryFolder();
  await write(folder, V1);
  await writeFile(join(folder, "lighthouse", "old.js"), "my script");
  assert.equal((await write(folder, V2)).kept, ["lighthouse/old.js"]);
  assert.is((await contentsOf(folder))["lighthouse/old.js"], "my script");
});

test("a file of the owner's where a new version has one is not replaced", async () => {
  const folder = temporaryFolder();
  await write(folder, V1);
  await writeFile(join(folder, "lighthouse", "new.js"), "mine");
  assert.match(await refusal(write(folder, V2)), /lighthouse\/new\.js in .* is not as/);
  assert.is((await contentsOf(folder))["lighthouse/new.js"], "mine");
});

test("line ends that version control has changed are no change", async () => {
  const folder = temporaryFolder();
  const unix = { ...V1, "index.html": "a\nb\n" };
  await write(folder, unix);
  await writeFile(join(folder, "index.html"), "a\r\nb\r\n");
  assert.equal(await write(folder, unix), { written: [], removed: [], kept: [] });
  assert.equal((await write(folder, V2)).written, Object.keys(V2).toSorted());
});

test("what a crash has left is finished by the next run", async () => {
  const folder = temporaryFolder();
  await write(folder, V1);
  const record = await readFile(join(folder, RECORD), "utf8");
  await write(folder, V2);
  await writeFile(join(folder, RECORD), record);
  await writeFile(join(folder, "sw.js"), V1["sw.js"]);
  assert.equal((await write(folder, V2)).written, ["sw.js"]);
  assert.equal(await contentsOf(folder), V2);

  const first = JSON.parse(record);
  await writeFile(join(folder, RECORD), JSON.stringify({ ...first, files: {} }));
  assert.equal((await write(folder, V2)).written, []);
});

test("a new repository becomes a site, and its README stays", async () => {
  const folder = temporaryFolder();
  await mkdir(join(folder, ".git"));
  for (const name of ["README.md", "LICENSE", ".gitignore", "CNAME"]) {
    await writeFile(join(folder, name), name);
  }
  assert.equal((await write(folder, V1)).kept, ["README.md"]);
  assert.is((await contentsOf(folder))["README.md"], "README.md");
  assert.is((await contentsOf(folder))["index.html"], "one");
});

test("a folder with other files is refused, by their names", async () => {
  const folder = temporaryFolder();
  for (const name of ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]) {
    await writeFile(join(folder, name), name);
  }
  const why = await refusal(write(folder, V1));
  assert.match(why, "it has a.txt, b.txt, c.txt, and 2 more. Name a new or an empty folder");
  assert.is((await readdir(folder)).length, 5);
});

test("a file, and a site of the other kind, are refused", async () => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "file"), "");
  assert.match(await refusal(write(join(folder, "file"), V1)), "is a file: name a folder");
  await write(join(folder, "app"), V1);
  assert.match(await refusal(write(join(folder, "app"), V1, "key")), "holds an app's site");
});

test("no link leads a file out of the folder", async () => {
  const folder = temporaryFolder();
  const other = temporaryFolder();
  await write(folder, V1);
  await rm(join(folder, "lighthouse"), { recursive: true });
  await symlink(other, join(folder, "lighthouse"));
  assert.match(await refusal(write(folder, V2)), "lighthouse is no folder");
  assert.equal(await readdir(other), []);
});

for (const path of ["../a", "a/../../b", "/etc/a", "a//b", "./a", ".git/config", "a/.."]) {
  test(`a record with ${path} is refused, and nothing is removed`, async () => {
    const folder = temporaryFolder();
    await write(folder, V1);
    const record = JSON.parse(await readFile(join(folder, RECORD), "utf8"));
    record.files[path] = "0";
    await writeFile(join(folder, RECORD), JSON.stringify(record));
    assert.match(
      await refusal(write(folder, V2)),
      /\.lighthouse\.json is not as .* version control/,
    );
    assert.equal(await contentsOf(folder), V1);
  });
}

for (const text of ["", "{", "[]", "{}", '{"kind":"app"}', "null"]) {
  test(`a record that is ${text || "empty"} is refused`, async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, RECORD), text);
    assert.match(await refusal(write(folder, V1)), "is not as this program writes it");
  });
}

test.run();
