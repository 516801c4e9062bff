import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { redirected } from "./redirect.ts";
import type { TunnelRequest } from "./request.ts";

const test = suite("redirect");

function request(method: string, redirect: RequestRedirect = "follow"): TunnelRequest {
  return {
    head: {
      method,
      target: "/a/b?c",
      headers: [["Content-Type", "text/plain"], ["accept", "*/*"]],
    },
    body: () => Promise.resolve({ bytes: new Blob(["body"]).stream() }),
    canRepeat: false,
    signal: new AbortController().signal,
    redirect,
    base: "https://site.example",
  };
}

function answer(status: number, location?: string): { status: number; headers: Headers } {
  return { status, headers: new Headers(location === undefined ? {} : { location }) };
}

for (
  const [method, status, expected] of [
    ["GET", 301, "GET"],
    ["GET", 303, "GET"],
    ["HEAD", 303, "HEAD"],
    ["POST", 301, "GET"],
    ["POST", 302, "GET"],
    ["POST", 303, "GET"],
    ["PUT", 302, "PUT"],
    ["PUT", 303, "GET"],
    ["POST", 307, "POST"],
    ["POST", 308, "POST"],
  ] as const
) {
  test(`${method} redirected by ${status} becomes ${expected}`, async () => {
    const next = redirected(request(method), answer(status, "../d?e"))!;
    assert.is(next.head.method, expected);
    assert.is(next.head.target, "/d?e");
    const isKept = method === expected;
    assert.is((await next.body()).bytes !== null, isKept);
    assert.is(next.canRepeat, !isKept);
    assert.is(next.head.headers.length, isKept ? 2 : 1);
  });
}

for (
  const [what, from, to] of [
    ["an answer that is no redirect", request("GET"), answer(200, "/d")],
    ["a 304", request("GET"), answer(304, "/d")],
    ["a redirect to nowhere", request("GET"), answer(302)],
    ["a redirect where the caller asked for it", request("GET", "manual"), answer(302, "/d")],
  ] as const
) {
  test(`${what} is the answer`, () => {
    assert.is(redirected(from, to), undefined);
  });
}

for (const place of ["https://other.example/", "//other.example/", "http://site.example/", "a:b"]) {
  test(`a redirect to ${place} is refused`, () => {
    assert.throws(() => redirected(request("GET"), answer(302, place)), /another site/);
  });
}

test("a redirect is an error where the caller wants none", () => {
  assert.throws(() => redirected(request("GET", "error"), answer(302, "/d")), /redirects to/);
});

test.run();
