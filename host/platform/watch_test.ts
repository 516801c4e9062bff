import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { versionOf, type WatchOptions, watchPath } from "./watch.ts";

const test = suite("watch", { deadline: 20_000 });

/** The timer never looks: a test sees only what the platform reports. */
const REPORTED = { interval: 3_600_000, settle: 5 };
/** Reports come too late: a test sees only what the timer finds. */
const LOOKED = { interval: 5, settle: 3_600_000 };

/** Watches a path of a new folder, which holds the file `a`. */
function setUp(name: string, options: WatchOptions) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a"), "1");
  let calls = 0;
  const watching = watchPath(join(folder, name), () => calls++, options);
  return {
    at: (name: string) => join(folder, name),
    /** Resolves when the callback has been called since the last time. */
    async changed() {
      await until(() => calls > 0);
      calls = 0;
    },
    get calls() {
      return calls;
    },
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}

for (const [how, options] of [["reports", REPORTED], ["looks", LOOKED]] as const) {
  test(`a file that is written, replaced, deleted and made anew is noticed by ${how}`, async () => {
    using folder = setUp("a", options);
    const path = folder.at("a");
    writeFileSync(path, "22");
    await folder.changed();
    writeFileSync(folder.at("draft"), "333");
    renameSync(folder.at("draft"), path);
    await folder.changed();
    rmSync(path);
    await folder.changed();
    writeFileSync(path, "4");
    await folder.changed();
  });

  test(`files that come, are replaced and go are noticed in a folder by ${how}`, async () => {
    using folder = setUp("", options);
    writeFileSync(folder.at("b"), "");
    await folder.changed();
    renameSync(folder.at("b"), folder.at("a"));
    await folder.changed();
    rmSync(folder.at("a"));
    await folder.changed();
  });
}

test("a file in a folder that appears later is noticed", async () => {
  using folder = setUp("later/a", LOOKED);
  mkdirSync(folder.at("later"));
  writeFileSync(folder.at("later/a"), "");
  await folder.changed();
});

test("changes of names that do not count are not reported", async () => {
  const names: string[] = [];
  const counts = (name: string) => names.push(name) > 0 && name !== "b.seen";
  using folder = setUp("", { ...REPORTED, counts });
  writeFileSync(folder.at("b.seen"), "");
  await until(() => names.includes("b.seen"));
  assert.is(folder.calls, 0);
  writeFileSync(folder.at("b"), "");
  await folder.changed();
});

test("a disposed watch calls back no more", async () => {
  let calls = 0;
  const path = join(temporaryFolder(), "a");
  watchPath(path, () => calls++, LOOKED)[Symbol.dispose]();
  using later = setUp("a", LOOKED);
  writeFileSync(path, "");
  writeFileSync(later.at("a"), "22");
  await later.changed();
  assert.is(calls, 0);
});

test("versionOf() changes with a file's time and with its being there", () => {
  const path = join(temporaryFolder(), "a");
  const versions = [versionOf(path)];
  writeFileSync(path, "");
  versions.push(versionOf(path));
  utimesSync(path, 1, 1);
  versions.push(versionOf(path));
  assert.is(new Set(versions).size, 3);
});

test("a file that becomes a circle of links has gone, and may come back", async () => {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, "a");
  let changes = 0;
  using _ = watchPath(path, () => changes++, LOOKED);
  rmSync(path);
  symlinkSync("file", path);
  assert.is(versionOf(path), "");
  await until(() => changes > 0);
  const before = changes;
  rmSync(path);
  writeFileSync(path, "b");
  await until(() => changes > before);
});

test("versionOf() finds nothing by a name that is too long", () => {
  assert.is(versionOf(`/${"a".repeat(300)}`), "");
});

test.run();
