import fc from "fast-check";
import { spawnSync } from "node:child_process";
import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { escapeControls, line, paint, Painted } from "./terminal.ts";

const test = suite("terminal");

/** Texts that guests have tried on terminals, and what becomes of them. */
const HOSTILE: [what: string, text: string, escaped: string][] = [
  ["a screen that is cleared", "a\x1b[2Jb", "a\\u001b[2Jb"],
  ["a window title", "\x1b]0;you\x07", "\\u001b]0;you\\u0007"],
  ["a C1 sequence", "\x9b31m", "\\u009b31m"],
  ["a line of its own", "x\n<3>host is gone\r\n", "x\\u000a<3>host is gone\\u000d\\u000a"],
  ["a delete", "ab\x7f\b", "ab\\u007f\\u0008"],
  ["text that is turned around", "\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"],
  ["marks of direction", "\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"],
  ["signs without a width", "a\u200bb\ufeff\u00ad", "a\\u200bb\\ufeff\\u00ad"],
  ["separators", "a\u2028b\u2029", "a\\u2028b\\u2029"],
  ["tags", "\u{e0041}", "\\udb40\\udc41"],
  ["half a pair", "\ud83d!", "\\ud83d!"],
  ["an end of a text", "a\0b", "a\\u0000b"],
];

for (const [what, text, escaped] of HOSTILE) {
  test(`escapes ${what}`, () => {
    assert.is(escapeControls(text), escaped);
    assert.is(line`${text}`.toString(), escaped);
    assert.ok(paint("red", text).toString().includes(escaped));
    assert.equal(JSON.parse(escapeControls(JSON.stringify({ text }))), { text });
  });
}

test("leaves other text as it is", () => {
  for (const text of ["größe 日本語 עברית 😀 é", "a\\u001b", "~!@#$%^&*()_+`", ""]) {
    assert.is(escapeControls(text), text);
  }
});

test("no text, and no JSON of it, keeps a sign that a terminal acts on", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
    const text = escapeControls(a);
    assert.not.match(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    const json = escapeControls(JSON.stringify({ [a]: b }));
    assert.not.match(json, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.equal(JSON.parse(json), { [a]: b });
  }));
});

test("a line keeps its own colours and line ends", () => {
  const painted = new Painted("\x1b[31mred\x1b[39m");
  assert.is(line`a ${painted}\n${"\x1b"}`.toString(), "a \x1b[31mred\x1b[39m\n\\u001b");
});

/** Runs a module's text. @returns What it prints. */
function outputOf(code: string, environment: NodeJS.ProcessEnv = {}): string {
  const log = JSON.stringify(new URL("./log.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [
    "--input-type=module",
    "--eval",
    `import { createLog } from ${log}; ${code}`,
  ], { env: { PATH: process.env.PATH, ...environment }, encoding: "utf8" });
  assert.equal([status, stderr], [0, ""]);
  return stdout;
}

const FORGED = "x\n<3>forged \x1b[2J\u202e\x85";
const SHOWN = "x\\u000a<3>forged \\u001b[2J\\u202e\\u0085";
const LOG = (json: boolean) =>
  `createLog(${json})("warn", "event", ${JSON.stringify(FORGED)}, { path: ${
    JSON.stringify(FORGED)
  } });`;

test("the log escapes lines for people, in colour and without", () => {
  assert.match(
    outputOf(LOG(false), { NO_COLOR: "1" }),
    new RegExp(`^[\\d:]{8}  ▲ ${escape(SHOWN)}\n$`),
  );
  assert.ok(outputOf(LOG(false), { FORCE_COLOR: "1" }).endsWith(` ${SHOWN}\n`));
});

test("the log escapes lines for the journal, where nothing forges a level", () => {
  assert.is(outputOf(LOG(false), { JOURNAL_STREAM: "8:1" }), `<4>${SHOWN}\n`);
});

test("the log escapes JSON, in the text and in the fields", () => {
  const output = outputOf(LOG(true));
  assert.not.match(output.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  const { message, path } = JSON.parse(output);
  assert.equal([message, path], [FORGED, FORGED]);
});

test("an error of the program is escaped", () => {
  const main = new URL("../main.ts", import.meta.url).pathname;
  const { status, stderr } = spawnSync(process.execPath, [main, "\x1b[2J\u202eon"], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, NO_COLOR: "1" },
  });
  assert.is(status, 2);
  assert.match(stderr, /\\u001b\[2J\\u202eon/);
  assert.not.match(stderr.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
});

function escape(text: string): string {
  return text.replace(/[\\[\]<>]/g, "\\$&");
}

test.run();
