import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { findHead, insertIntoHead } from "./document_head.ts";

const test = suite("document_head");

const TAG = "<script></script>";

/** The document with the tag, having arrived in chunks of so many bytes. */
async function inserted(html: string, size: number): Promise<string> {
  const bytes = new TextEncoder().encode(html);
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) {
        controller.enqueue(bytes.subarray(at, at + size));
      }
      controller.close();
    },
  });
  return await new Response(source.pipeThrough(insertIntoHead(TAG))).text();
}

// `|` is where the script belongs.
for (
  const html of [
    "<!doctype html><html><head>|<title>A</title>",
    "<!DOCTYPE html>\n<HTML lang=en>\n<HEAD>|</HEAD><body>",
    "<head>|<meta charset=utf-8>",
    '<html data-x="a>b" lang=\'c>d\'><head class="e>f">|<title>',
    "<!-- <head> --><!doctype html><!-- > --><html><!----><head>|x",
    "<!--><html><head>|x",
    "<!-- a --!><head>|x",
    "<!doctype html>|<title>no head</title><body>",
    "<!doctype html><html>|<body>no head",
    "<html>|<header>no head",
    "|<htmlx>",
    "|plain text <head>",
    '<?xml version="1.0"?><!DOCTYPE html><html xmlns="x"><head>|<title/>',
    '<!doctype html public "-//W3C//DTD HTML 4.01//EN" "x"><html><head>|',
    "<!doctype html>\n|\u00e9t\u00e9",
    "<!doctype html><html><head\n>|",
    "<!doctype html>|",
    "|<html",
    "|<!-- never closed",
    "|",
  ]
) {
  test(`the script's place: ${html.replaceAll("\n", " ")}`, async () => {
    const whole = html.replace("|", "");
    const expected = html.replace("|", TAG);
    for (const size of [1, 2, 7, 1000]) assert.is(await inserted(whole, size), expected, `${size}`);
  });
}

test("a byte order mark stays first", async () => {
  const bytes = new TextEncoder().encode("\ufeff<!doctype html><head>x");
  const source = new Blob([bytes]).stream().pipeThrough(insertIntoHead(TAG));
  const result = await new Response(source).bytes();
  assert.equal([...result.slice(0, 3)], [0xef, 0xbb, 0xbf]);
  assert.is(new TextDecoder().decode(result), `<!doctype html><head>${TAG}x`);
});

test("bytes of any encoding stay as they are", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const head = new TextEncoder().encode("<head>");
  const source = new Blob([head, bytes]).stream().pipeThrough(insertIntoHead(TAG));
  assert.equal((await new Response(source).bytes()).slice(head.length + TAG.length), bytes);
});

test("a place is found as soon as it is certain", () => {
  assert.is(findHead("<!doctype html><html><head>", false), 27);
  assert.is(findHead("<!doctype html><p", false), 15);
  assert.is(findHead("<!doctype html><he", false), undefined);
  assert.is(findHead("<!doctype html>", false), undefined);
});

test("a document that never begins is passed on after 64 KiB", async () => {
  const comment = `<!--${"x".repeat(100_000)}`;
  const parts: string[] = [];
  const { readable, writable } = insertIntoHead(TAG);
  const writer = writable.getWriter();
  void writer.write(new TextEncoder().encode(comment));
  const { value } = await readable.getReader().read();
  parts.push(new TextDecoder().decode(value));
  assert.is(parts[0], TAG + comment);
});

test.run();
