// What the documents promise to be complete is complete.
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { errorCodes } from "../wire/mod.ts";
import { suite } from "./testing/suite.ts";

const test = suite("docs");

test("docs/errors.md explains each error code, in the order of the code", async () => {
  const text = await readFile("docs/errors.md", "utf8");
  const explained = [...text.matchAll(/^### (\S+)$/gm)].map(([, code]) => code);
  assert.equal(explained, [...errorCodes]);
});

test("every link and every file that the documents name exists", async () => {
  const missing: string[] = [];
  for await (const file of glob("{README.md,docs/*.md}")) {
    const text = await readFile(file, "utf8");
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map(([, path]) => join(dirname(file), path!));
    const names = [
      ...text.matchAll(/`((?:wire|relay|host|components|stack|tools|docs)\/[\w./-]+\.\w+)`/g),
    ]
      .map(([, path]) => path!).filter((path) => !path.includes("/dist/"));
    missing.push(...[...links, ...names].filter((path) => !existsSync(path)));
  }
  assert.equal(missing, []);
});

test.run();
