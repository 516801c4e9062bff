// Tests which pages and browsers can connect.
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { LighthouseError } from "../../wire/mod.ts";
import { checkPage, type PageContext } from "./check_page.ts";

const test = suite("check_page");

/** A page in a browser of today. */
const PAGE = {
  origin: "https://me.example",
  isSecureContext: true,
  crypto: { subtle: {} },
  AbortSignal,
  Array,
  Promise,
  WritableStream,
};

const TOO_OLD =
  "This browser is too old: Lighthouse needs Chrome 119, Firefox 124 or Safari 17.4. Update it, or use another one";

const REFUSED: [what: string, page: Partial<typeof PAGE>, code: string, words: RegExp | string][] =
  [
    [
      "a file or a sandboxed frame",
      { origin: "null" },
      "wrong-origin",
      /^This page is not at the site/,
    ],
    ["a page by http", { isSecureContext: false, crypto: undefined }, "unsupported", /by https$/],
    ["a browser without WebCrypto", { crypto: undefined }, "unsupported", /has no WebCrypto/],
    ["Chrome 118", { Promise: without(Promise, "withResolvers") }, "unsupported", TOO_OLD],
    ["Firefox 123", { AbortSignal: without(AbortSignal, "any") }, "unsupported", TOO_OLD],
    ["Safari 15", { AbortSignal: undefined }, "unsupported", TOO_OLD],
    ["Firefox 99", { WritableStream: undefined }, "unsupported", TOO_OLD],
  ];

test("a page in a browser of today may connect", () => checkPage(PAGE));

for (const [what, page, code, words] of REFUSED) {
  test(`${what} is refused with ${code}, in words`, () => {
    try {
      checkPage({ ...PAGE, ...page } as PageContext);
    } catch (thrown) {
      const error = thrown as LighthouseError;
      assert.is(error.code, code);
      if (typeof words === "string") assert.is(error.message, words);
      else assert.match(error.message, words);
      return;
    }
    assert.unreachable();
  });
}

test("the error of an old browser names what is missing, for developers", () => {
  try {
    checkPage({ ...PAGE, AbortSignal: without(AbortSignal, "any") } as PageContext);
  } catch (error) {
    assert.match(String((error as Error).cause), "AbortSignal.any");
    return;
  }
  assert.unreachable();
});

/** A class without one of its static members. */
function without<T extends object>(whole: T, member: keyof T): T {
  return new Proxy(whole, {
    get: (target, key) => key === member ? undefined : Reflect.get(target, key),
  });
}

test.run();
