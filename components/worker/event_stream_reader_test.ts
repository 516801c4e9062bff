import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { EventStreamReader } from "./event_stream_reader.ts";

const test = suite("event_stream_reader");

/** What is left of a stream, pushed in chunks of that many bytes. */
function read(text: string, size = Infinity, lastId = ""): EventStreamReader {
  const reader = new EventStreamReader({ lastId, retry: 2000 });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  return reader;
}

for (
  const [what, text, expected] of [
    ["an event's id", "id: 7\ndata: x\n\n", "7"],
    ["the last one's", "id: 7\ndata: x\n\nid: 8\ndata: y\n\n", "8"],
    ["an id that a later event does not repeat", "id: 7\ndata: x\n\ndata: y\n\n", "7"],
    ["no id of an event that is not whole", "id: 7\n\nid: 8\ndata: y\n", "7"],
    ["no id of a line that is not whole", "id: 7\n\nid: 8", "7"],
    ["an id without data", "id: 7\n\n", "7"],
    ["an id after data", "data: x\nid: 7\n\n", "7"],
    ["the last id of one event", "id: 6\nid: 7\n\n", "7"],
    ["an id without a space", "id:7\n\n", "7"],
    ["an id with two spaces", "id:  7\n\n", " 7"],
    ["an id with colons", "id: a:b: c\n\n", "a:b: c"],
    ["an empty id, which forgets", "id: 7\n\nid\n\n", ""],
    ["another empty id", "id: 7\n\nid:\n\n", ""],
    ["no id with NULL", "id: 7\n\nid: 8\0\n\n", "7"],
    ["no comment", "id: 7\n\n: id: 8\n\n", "7"],
    ["no field of another name", "id: 7\n\nids: 8\nID: 9\n id: 10\n\n", "7"],
    ["lines that end with CR", "id: 7\rdata: x\r\r", "7"],
    ["lines that end with CRLF", "id: 7\r\ndata: x\r\n\r\n", "7"],
    ["lines that end in all ways", "id: 7\r\ndata: x\n\rid: 8\n\r\n", "8"],
    ["a byte order mark", "\ufeffid: 7\n\n", "7"],
    ["one byte order mark", "\ufeff\ufeffid: 7\n\n", ""],
    ["the bytes of UTF-8", "id: h\u00e9\u{1f600}\n\n", "h\u00c3\u00a9\u00f0\u009f\u0098\u0080"],
    ["no id that no header can hold", "id: 7\n\nid: \x01\n\n", ""],
    ["an id as long as is remembered", `id: ${"x".repeat(4092)}\n\n`, "x".repeat(4092)],
    ["no longer one", `id: 7\n\nid: ${"x".repeat(4093)}\n\n`, ""],
    ["an id after much data", `data: ${"x".repeat(100_000)}\nid: 7\n\n`, "7"],
  ] as const
) {
  test(`it reads ${what}, in chunks of any size`, () => {
    for (const size of [Infinity, 1, 2, 3]) assert.is(read(text, size).lastId, expected, `${size}`);
  });
}

test("an id of the stream before stays until another comes", () => {
  assert.is(read("data: x\n\n", 1, "6").lastId, "6");
  assert.is(read("\n\n", 1, "6").lastId, "6");
  assert.is(read("id\n\n", 1, "6").lastId, "");
});

for (
  const [text, expected] of [
    ["retry: 10\n", 10],
    ["retry:10\r", 10],
    ["data: x\nretry: 10\n\n", 10],
    ["retry: 10\nretry: 20\n", 20],
    ["retry: 10", 2000],
    ["retry: 1e3\n", 2000],
    ["retry: -1\n", 2000],
    ["retry\n", 2000],
    ["retry:\n", 2000],
  ] as const
) {
  test(`the reconnection time after ${JSON.stringify(text)} is ${expected}`, () => {
    assert.is(read(text, 1).retry, expected);
  });
}

test.run();
