// Tests the sizes of sources and the limit for classes.
import * as assert from "uvu/assert";
import { longClasses, MAX_CLASS_LINES, measureSources } from "./sizes.ts";
import { readSources } from "./sources.ts";
import { suite } from "./testing/suite.ts";

const test = suite("sizes");

/** Returns a class with `lines` lines. */
const classOf = (lines: number) => `export class A {\n${"  // …\n".repeat(lines - 2)}}\n`;

test("longClasses() names a class above the limit, and no other", () => {
  const sources = new Map([
    ["host/a.ts", classOf(MAX_CLASS_LINES)],
    ["host/b.ts", `// Two.\n${classOf(3)}${classOf(MAX_CLASS_LINES + 1)}`],
    ["host/b_test.ts", classOf(MAX_CLASS_LINES + 1)],
  ]);
  assert.equal(longClasses(sources), ["host/b.ts: A has 351 lines, more than 350"]);
});

test("measureSources() gives median and largest of each folder, tests left out", () => {
  const sources = new Map([
    ["host/a.ts", "1\n"],
    ["host/b.ts", "1\n2\n"],
    ["host/c/d.ts", classOf(9)],
    ["host/c/d_test.ts", classOf(99)],
    ["wire/e.ts", "1\n"],
  ]);
  const [host, wire] = measureSources(sources);
  assert.equal(host, {
    folder: "host",
    files: 3,
    median: 2,
    largest: { name: "host/c/d.ts", lines: 9 },
    largestClass: { name: "host/c/d.ts: A", lines: 9 },
  });
  assert.is(wire!.largestClass, undefined);
});

test("no class of the sources is too long", async () => {
  assert.equal(longClasses(await readSources()), []);
});

test.run();
