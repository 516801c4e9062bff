import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ScriptCookies } from "./script_cookies.ts";

const test = suite("script_cookies");

/** The lines of a header's value, without their ids. */
function linesOf(header: string | undefined): [string, string][] {
  const lines = JSON.parse(decodeURIComponent(header!)) as [string, string, string][];
  return lines.map(([from, line]) => [from, line]);
}

/** Cookies whose wait is over at once, and what they flush. */
function cookies() {
  const flushed: string[] = [];
  const flush = (from: string) => {
    flushed.push(from);
    return Promise.resolve();
  };
  return { flushed, cookies: new ScriptCookies({ flush, wait: 0 }) };
}

test("requests take a line along until one is answered", () => {
  const { cookies: own } = cookies();
  assert.is(own.take(), undefined);
  void own.add("/a", "x=\u00e9; path=/");
  const first = own.take()!;
  assert.match(first.header, /^[!-~]+$/);
  assert.equal(linesOf(first.header), [["/a", "x=\u00e9; path=/"]]);
  void own.add("/a", "y=2");
  const second = own.take()!;
  assert.equal(linesOf(second.header).map(([, line]) => line), ["x=\u00e9; path=/", "y=2"]);
  first.onAnswer();
  assert.equal(linesOf(own.take()!.header), [["/a", "y=2"]]);
  second.onAnswer();
  assert.is(own.take(), undefined);
});

test("a line that is too long for a cookie goes nowhere", async () => {
  const { cookies: own, flushed } = cookies();
  await own.add("/a", `x=${"1".repeat(4095)}`);
  assert.is(own.take(), undefined);
  assert.equal(flushed, []);
});

test("a line has the same id whenever it is sent, and each one another", () => {
  const { cookies: own } = cookies();
  void own.add("/a", "x=1");
  void own.add("/a", "x=1");
  const idsOf = ({ header }: { header: string }) =>
    (JSON.parse(decodeURIComponent(header)) as string[][]).map(([, , id]) => id);
  const [a, b] = [idsOf(own.take()!), idsOf(own.take()!)];
  assert.equal(a, b);
  assert.is.not(a[0], a[1]);
});

test("a line that no request takes along gets a request of its own", async () => {
  const { cookies: own, flushed } = cookies();
  await own.add("/a", "x=1");
  assert.equal(flushed, ["/a"]);
});

test("a line that a request has taken along needs no other", async () => {
  const { cookies: own, flushed } = cookies();
  const added = own.add("/a", "x=1");
  own.take();
  await added;
  assert.equal(flushed, []);
});

test("many lines go with several requests, each as long as a head may be", () => {
  const { cookies: own } = cookies();
  for (let index = 0; index < 10; index++) void own.add("/a", `x${index}=${"y".repeat(2000)}`);
  const seen: string[] = [];
  for (let taken = own.take(); taken; taken = own.take()) {
    assert.ok(taken.header.length < 6 * 1024);
    seen.push(...linesOf(taken.header).map(([, line]) => line.slice(0, 2)));
    taken.onAnswer();
  }
  assert.equal(seen, Array.from({ length: 10 }, (_, index) => `x${index}`));
});

test("half a character is replaced", () => {
  const { cookies: own } = cookies();
  void own.add("/a", "x=\ud800");
  assert.equal(linesOf(own.take()!.header), [["/a", "x=\ufffd"]]);
});

test.run();
