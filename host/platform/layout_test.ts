import { spawnSync } from "node:child_process";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import * as assert from "uvu/assert";
import { PROGRAM, run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { COMMANDS } from "../cli/commands.ts";
import { columnsOf, formatRow, formatTable, pad, widthOf, wrap } from "./layout.ts";
import { line, paint } from "./terminal.ts";

const test = suite("layout", { deadline: 30_000 });

test("a text's width is that on a terminal", () => {
  const widths: [text: string, width: number][] = [
    ["", 0],
    ["größe", 5],
    ["e\u0301", 1],
    ["日本", 4],
    ["한국", 4],
    ["📱", 2],
    ["👩‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["\x1b[31mred\x1b[39m", 3],
  ];
  for (const [text, width] of widths) assert.is(widthOf(text), width, text);
  assert.is(pad("日本", 6), "日本  ");
});

test("wraps between words, and leaves longer words whole", () => {
  const plain = (text: string, width: number, indent?: number) => String(wrap(text, width, indent));
  assert.is(plain("one two three", 8), "one two\nthree");
  assert.is(plain("one two three", 13), "one two three");
  assert.is(plain("one two three", Infinity), "one two three");
  assert.is(plain("a https://example.org/long b", 10), "a\nhttps://example.org/long\nb");
  assert.is(String(wrap(line`one\n${"two three"}`, 5)), "one\ntwo\nthree");
  assert.is(plain("one two three", 9, 2), "one two\n  three");
  assert.is(plain("a\x1b[2J b", 80), "a\\u001b[2J b");
});

test("a row's right part goes below where the terminal is narrow", () => {
  const text = "a text that has to be wrapped somewhere";
  assert.is(
    String(formatRow("  name", text, { at: 10, width: 40 })),
    "  name    a text that has to be wrapped\n          somewhere",
  );
  assert.is(
    String(formatRow("  --long FLAG", text, { at: 20, width: 40 })),
    "  --long FLAG\n      a text that has to be wrapped\n      somewhere",
  );
  assert.is(String(formatRow("a-name-of-16-columns", "b", { at: 16 })), "a-name-of-16-columns b");
});

test("a table that does not fit becomes blocks, and a file gets the table", () => {
  const rows = [["NAME", "ID"], ["日本", "1"], ["phone", "123456"]];
  const plain = (width: number) =>
    formatTable(rows, width).map((text) => stripVTControlCharacters(String(text)));
  assert.equal(plain(Infinity), ["NAME   ID", "日本   1", "phone  123456"]);
  assert.equal(plain(12), ["日本", "  ID  1", "phone", "  ID  123456"]);
  assert.is(columnsOf({ isTTY: true, columns: 40 }), 40);
  assert.is(columnsOf({ isTTY: true, columns: 0 }), 80);
  assert.is(columnsOf({ columns: 40 }), Infinity);
});

test("painted parts count without their colours", () => {
  const text = line`${paint("red", "one two")} three`;
  assert.is(stripVTControlCharacters(String(wrap(text, 8))), "one two\nthree");
});

/** What the program prints at a terminal of that width. */
function atTerminal(columns: number, args: string[]): string[] {
  const command = [...PROGRAM, ...args].map((word) => `'${word}'`).join(" ");
  const found = spawnSync("script", ["-qec", `stty cols ${columns}; ${command}`, "/dev/null"], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: "/nonexistent", TERM: "xterm", CI: "true" },
  });
  assert.is(found.error, undefined);
  return stripVTControlCharacters(found.stdout).split("\r\n");
}

for (const columns of [40, 80, 200]) {
  test(`all help fits into ${columns} columns, but for command lines to copy`, async () => {
    const plain = (await run(["help"])).output.split("\n");
    const shown = atTerminal(columns, ["help"]);
    assert.is(Math.max(...plain.map((text) => text.length)) <= 80, true);
    for (const args of [["help"], ["help", "run"], ["help", "site"], ["pair", "--help"]]) {
      for (const text of atTerminal(columns, args)) {
        const isCommandLine = /lighthouse-host \w+ /.test(text) || /^\s+\S+$/.test(text);
        assert.ok(text.length <= columns || isCommandLine, text);
      }
    }
    assert.ok(Object.keys(COMMANDS).every((name) => shown.some((text) => text.includes(name))));
  });
}

test.run();
