import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { HeaderField } from "../../wire/mod.ts";
import { readAnswer } from "./answer_headers.ts";

const test = suite("answer_headers");

test("headers keep their order, their case and their duplicates; cookies are taken out", () => {
  const answered: HeaderField[] = [
    ["X-B", "1"],
    ["Set-Cookie", "a=1"],
    ["x-a", ""],
    ["X-B", "caf\u00e9\ttab"],
    ["set-cookie", "b=2"],
    ["Content-Length", "5"],
  ];
  assert.equal(readAnswer(answered), {
    headers: [["X-B", "1"], ["x-a", ""], ["X-B", "caf\u00e9\ttab"], ["Content-Length", "5"]],
    cookies: ["a=1", "b=2"],
  });
});

const dropped: [name: string, answered: HeaderField[]][] = [
  ["of one hop", [["Connection", "keep-alive, x-hop"], ["X-Hop", "1"], [
    "Keep-Alive",
    "timeout=5",
  ]]],
  ["of one hop, with Connection last", [["X-Hop", "1"], ["connection", "X-HOP"]]],
  ["of the transfer", [["Transfer-Encoding", "chunked"], ["Trailer", "x"], ["Upgrade", "h2c"]]],
  ["whose name has a space", [["X Y", "1"]]],
  ["whose name has a space at its end", [["Content-Type ", "text/html"]]],
  ["whose name is empty", [["", "1"]]],
  ["whose name has other signs", [["X(Y)", "1"], ['"X"', "1"], ["X:Y", "1"], ["X\u00e9", "1"]]],
  ["whose name has a control character", [["X\0", "1"], ["X\r\nY", "1"]]],
  ["whose name is too long for the page", [["x".repeat(257), "1"]]],
];
for (const [name, answered] of dropped) {
  test(`headers ${name} are dropped`, () => {
    const kept: HeaderField = ["Content-Type", "text/html"];
    assert.equal(readAnswer([kept, ...answered, kept]).headers, [kept, kept]);
  });
}

test("Content-Length is dropped where the body came in chunks, in either order", () => {
  const both: HeaderField[] = [["Content-Length", "5"], ["Transfer-Encoding", "chunked"]];
  assert.equal(readAnswer(both).headers, []);
  assert.equal(readAnswer(both.toReversed()).headers, []);
});

const values: [raw: string, value: string][] = [
  ["a\0b", "a b"],
  ["a\x01\x1f\x7fb", "a   b"],
  ["a\r\nX-Evil: 1", "a  X-Evil: 1"],
  ["\u20ac", " "],
  ["a\tb \xff", "a\tb \xff"],
];
for (const [raw, value] of values) {
  test(`the value ${JSON.stringify(raw)} becomes ${JSON.stringify(value)}`, () => {
    assert.equal(readAnswer([["X-A", raw]]).headers, [["X-A", value]]);
    // As the page does with it.
    new Headers(readAnswer([["X-A", raw]]).headers);
  });
}

test("URLs are mapped once each, whatever the case of the name, and dropped where they lead nowhere", () => {
  const mapped: string[] = [];
  const { headers } = readAnswer([
    ["Location", "a\0b"],
    ["LOCATION", "second"],
    ["content-location", "c"],
    ["Refresh", "d"],
    ["X-Location", "e"],
  ], (name, value) => {
    mapped.push(`${name} ${value}`);
    return name === "refresh" ? undefined : "/mapped";
  });
  assert.equal(mapped, ["location a b", "content-location c", "refresh d"]);
  assert.equal(headers, [
    ["Location", "/mapped"],
    ["content-location", "/mapped"],
    ["X-Location", "e"],
  ]);
});

/** The bytes of a text's UTF-8 as Node.js reads them: a character for each. */
function raw(text: string): string {
  return Buffer.from(text).toString("latin1");
}

const names: [disposition: string, extended: string | undefined][] = [
  ['attachment; filename="Übersicht.pdf"', "%C3%9Cbersicht.pdf"],
  ['inline;filename="voilà"', "voil%C3%A0"],
  ['attachment; FileName = "日本 語.txt"', "%E6%97%A5%E6%9C%AC%20%E8%AA%9E.txt"],
  ['attachment; filename="📎.zip"; size=3', "%F0%9F%93%8E.zip"],
  ["attachment; filename=Übersicht.pdf", "%C3%9Cbersicht.pdf"],
  ["attachment; filename=Über sicht.pdf ; size=3", "%C3%9Cber%20sicht.pdf"],
  ["attachment; filename=voilà", "voil%C3%A0"],
  ['attachment; filename="ü \\"a\\\\b\\" (1)\'*.txt"', "%C3%BC%20%22a%5Cb%22%20%281%29%27%2A.txt"],
  ['attachment; filename="ü; filename*=b.txt"', "%C3%BC%3B%20filename%2A%3Db.txt"],
  ['attachment; filename="ü', "%C3%BC"],
  ['attachment; filename="ü.txt";', "%C3%BC.txt"],
  ['attachment; name="ä"; filename="ü.txt"', "%C3%BC.txt"],
  // As they are.
  ['attachment; filename="plain.txt"', undefined],
  ["attachment", undefined],
  ["attachment; filename=\"ü\"; filename*=UTF-8''%C3%BC", undefined],
  ["attachment; FILENAME*=UTF-8''%C3%BC; filename=\"ü\"", undefined],
  ['form-data; name="ü"', undefined],
  ['form-data; name="ü"; filename="plain.txt"', undefined],
];
for (const [disposition, extended] of names) {
  test(`Content-Disposition: ${disposition} gets ${extended ?? "no other name"}`, () => {
    const [[, value] = []] = readAnswer([["Content-Disposition", raw(disposition)]]).headers;
    const added = extended === undefined ? "" : `; filename*=UTF-8''${extended}`;
    assert.is(value, raw(disposition.replace(extended === undefined ? "" : /;$/, "")) + added);
  });
}

test("a file name that is not UTF-8 is read as Latin-1", () => {
  const [[, value] = []] =
    readAnswer([["content-disposition", 'attachment; filename="\xfc"']]).headers;
  assert.is(value, "attachment; filename=\"\xfc\"; filename*=UTF-8''%C3%BC");
});

test.run();
