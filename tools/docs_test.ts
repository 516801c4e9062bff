// Checks that the documents are complete and that their references exist.
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { SIDEBAR } from "../docs/.vitepress/sidebar.ts";
import { CAUSES, errorCodes } from "../wire/mod.ts";
import { withOwners } from "./owners_table.ts";
import { formatTypes } from "./reference_types.ts";
import { suite } from "./testing/suite.ts";

const test = suite("docs");

const FOLDERS = "wire|relay|host|components|stack|tools|docs|.github";

test("docs/errors.md explains each error code, in the order of errorCodes", async () => {
  const text = await readFile("docs/errors.md", "utf8");
  const explained = [...text.matchAll(/^### (\S+)$/gm)].map(([, code]) => code);
  assert.equal(explained, [...errorCodes]);
});

test("docs/architecture.md has the table of owners of tools/imports.ts", async () => {
  const text = await readFile("docs/architecture.md", "utf8");
  assert.is(text, withOwners(text));
});

test("every link and every file that the documents name exists", async () => {
  const missing: string[] = [];
  for (const file of await documents()) {
    const text = await readFile(file, "utf8");
    for (const [, path, anchor] of withoutCode(text).matchAll(/\]\(([^\s)#]*)(?:#([^\s)]+))?\)/g)) {
      // A path out of the repository leads to a page on GitHub, such as its advisories.
      if (path!.startsWith("https:") || path!.startsWith("../../")) continue;
      const target = path ? join(dirname(file), path) : file;
      if (!existsSync(target)) missing.push(`${file}: ${path}`);
      else if (anchor && !(await anchorsOf(target)).includes(anchor)) {
        missing.push(`${file}: ${path}#${anchor}`);
      }
    }
    for (
      const [, path] of text.matchAll(
        new RegExp(`\`((?:${FOLDERS})/[\\w./-]*(?:\\.\\w+|/))\``, "g"),
      )
    ) {
      if (!path!.includes("/dist/") && !existsSync(path!)) missing.push(`${file}: ${path}`);
    }
  }
  assert.equal(missing, []);
});

test("the site's navigation has each document once", async () => {
  const listed = SIDEBAR.flatMap(({ items = [] }) => items.map(({ link }) => link!))
    .filter((link) => link.startsWith("/"));
  const pages: string[] = [];
  for await (const file of glob("**/*.md", { cwd: "docs" })) {
    if (file !== "index.md") pages.push(`/${file.replace(/(README)?\.md$/, "")}`);
  }
  assert.equal(listed.toSorted(), pages.toSorted());
});

test("docs/reference/types.md is what the sources say", async () => {
  assert.is(await readFile("docs/reference/types.md", "utf8"), await formatTypes());
});

test("networks.md explains each cause", async () => {
  const text = await readFile("docs/networks.md", "utf8");
  const table = text.slice(text.indexOf("## Causes and cures"));
  assert.equal(Object.keys(CAUSES).filter((cause) => !table.includes(`\`${cause}\``)), []);
});

test("the README has 600 words at most", async () => {
  const words = (await readFile("README.md", "utf8")).match(/[\p{L}\p{N}][^\s|]*/gu) ?? [];
  assert.ok(words.length <= 600, `${words.length} words`);
});

test("every section of a document that the sources name exists", async () => {
  const missing: string[] = [];
  for await (const file of glob(`{${FOLDERS.replaceAll("|", ",")}}/**/*.{ts,cjs,yml,md}`)) {
    if (file.includes("node_modules") || file.includes("/dist/")) continue;
    // A name can continue on a comment's next line.
    const text = (await readFile(file, "utf8")).replaceAll(/\s+(?:(?:\/\/|\*|#) )?/g, " ");
    for (
      const [, path, title] of text.matchAll(/(docs\/[\w-]+\.md|CONTRIBUTING\.md), "([^"]+)"/g)
    ) {
      if (!existsSync(path!) || !(await sectionsOf(path!)).includes(title!)) {
        missing.push(`${file}: ${path}, "${title}"`);
      }
    }
  }
  assert.equal(missing, []);
});

test("the contents of docs/decisions.md are its headings", async () => {
  const text = await readFile("docs/decisions.md", "utf8");
  const listed = [...text.matchAll(/^ *- \[(.+)\]\(#(.+)\)$/gm)].map(([line]) => line);
  const headings = (await headingsOf("docs/decisions.md")).filter(({ level }) => level > 1);
  assert.equal(
    listed,
    headings.map(({ level, title }) =>
      `${"  ".repeat(level - 2)}- [${title}](#${anchorOf(title)})`
    ),
  );
});

test("docs/architecture.md follows one request through at most 12 files, each once", async () => {
  const text = await readFile("docs/architecture.md", "utf8");
  const [, section = ""] = /\n## One request\n(.*?)\n## /s.exec(text) ?? [];
  const files = [...section.matchAll(/^\| *\d+ *\| `([^`]+)`/gm)].map(([, file]) => file!);
  assert.ok(files.length > 0 && files.length <= 12, `${files.length} files`);
  assert.is(new Set(files).size, files.length);
  assert.equal([files[0], files.at(-1)], [
    "components/lighthouse_tunnel.ts",
    "host/proxy/http_client.ts",
  ]);
});

test.run();

async function documents(): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob("{*.md,docs/**/*.md,.github/**/*.md}")) files.push(file);
  return files;
}

/** Returns a document without its code blocks, which can contain text like links and headings. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "");
}

async function headingsOf(file: string): Promise<{ level: number; title: string }[]> {
  const text = withoutCode(await readFile(file, "utf8"));
  return [...text.matchAll(/^(#+) (.+)$/gm)].map(([, marks, title]) => {
    return { level: marks!.length, title: title! };
  });
}

/** Returns a document's headings, and the bold first words of its paragraphs. */
async function sectionsOf(file: string): Promise<string[]> {
  const paragraphs = (await readFile(file, "utf8")).matchAll(/^\*\*(.+?)\.?\*\*/gm);
  const headings = await headingsOf(file);
  return [...headings.map(({ title }) => title), ...[...paragraphs].map(([, words]) => words!)];
}

async function anchorsOf(file: string): Promise<string[]> {
  return file.endsWith(".md") ? (await headingsOf(file)).map(({ title }) => anchorOf(title)) : [];
}

/** Returns GitHub's anchor of a heading. */
function anchorOf(title: string): string {
  return title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}
