import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { cutLongLines, FoldedLog, MAX_AT_ONCE } from "./bounded_log.ts";
import type { Log } from "./log.ts";
import { escapeControls } from "./terminal.ts";

const test = suite("bounded log");

/** A log that keeps its lines. */
function keeping() {
  const lines: Parameters<Log>[] = [];
  const log: Log = (...line) => void lines.push(line);
  return { lines, log };
}

test("a long text is cut, and so are long fields; the rest stays", () => {
  const { lines, log } = keeping();
  const long = "a".repeat(20_000);
  cutLongLines(log)("warn", "event", long, { path: long, code: "bad-path", pages: 3 });
  cutLongLines(log)("info", "event", "short");
  const cut = `${"a".repeat(2048)}… (17,952 more characters)`;
  assert.equal(lines, [
    ["warn", "event", cut, { path: cut, code: "bad-path", pages: 3 }],
    ["info", "event", "short"],
  ]);
});

test("a text of signs that are escaped is cut by what is printed of it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
    const { lines, log } = keeping();
    const long = text.repeat(3_000);
    cutLongLines(log)("warn", "event", long, { path: "\x1b".repeat(400) });
    const [, , shown, fields] = lines[0]!;
    assert.ok(escapeControls(shown).length <= 2_048 + 40);
    const [, kept, rest] = /^(.*)… \(([\d,]+) more characters\)$/s.exec(shown) ?? [, shown, "0"];
    assert.is(kept!.length + Number(rest!.replaceAll(",", "")), long.length);
    assert.ok(long.startsWith(kept!));
    assert.is(fields!.path, `${"\x1b".repeat(341)}… (59 more characters)`);
  }));
});

test("what the owner does is written line by line, also in a flood", () => {
  const { lines, log } = keeping();
  using folded = new FoldedLog(log);
  for (let at = 0; at < 100; at++) folded.log("info", "device-revoked", `“${at}” is revoked`);
  assert.is(lines.length, 100);
});

test("a flood of one event is written up to a bound, and then as one line with its count", () => {
  const { lines, log } = keeping();
  const folded = new FoldedLog(log);
  for (let at = 1; at <= 5_000; at++) folded.log("warn", "refused", `refused ${at}`, { code: "x" });
  assert.is(lines.length, MAX_AT_ONCE);
  folded[Symbol.dispose]();
  assert.equal(lines.slice(MAX_AT_ONCE), [[
    "warn",
    "refused",
    "refused 5000 (the last of 4,980 of this kind)",
    { code: "x", count: 4_980 },
  ]]);
});

test("other events and debug lines are written meanwhile", () => {
  const { lines, log } = keeping();
  using folded = new FoldedLog(log);
  for (let at = 0; at < 100; at++) folded.log("warn", "refused", "refused");
  lines.length = 0;
  folded.log("info", "online", "online");
  for (let at = 0; at < 100; at++) folded.log("debug", "request", "request");
  assert.is(lines.length, 101);
  assert.equal(lines[0], ["info", "online", "online"]);
});

test("a single line above the bound is written as it is", () => {
  const { lines, log } = keeping();
  const folded = new FoldedLog(log);
  for (let at = 0; at <= MAX_AT_ONCE; at++) folded.log("warn", "refused", `refused ${at}`);
  folded[Symbol.dispose]();
  assert.equal(lines.at(-1), ["warn", "refused", `refused ${MAX_AT_ONCE}`]);
});

test("a flood that goes on is told again and again, and every line is counted once", async () => {
  const { lines, log } = keeping();
  using folded = new FoldedLog(log, 20);
  let sent = 0;
  await until(() => {
    for (let at = 0; at < 30; at++) folded.log("warn", "refused", String(++sent));
    return lines.length >= MAX_AT_ONCE + 3;
  });
  folded[Symbol.dispose]();
  const counted = lines.reduce((all, [, , , fields]) => all + Number(fields?.count ?? 1), 0);
  assert.is(counted, sent);
});

test("after a quiet while, lines are written at once again", async () => {
  const { lines, log } = keeping();
  using folded = new FoldedLog(log, 10);
  for (let at = 0; at < 100; at++) folded.log("warn", "refused", "refused");
  await until(() => {
    lines.length = 0;
    folded.log("warn", "refused", "again");
    return lines.length > 0;
  });
  assert.equal(lines, [["warn", "refused", "again"]]);
});

test.run();
