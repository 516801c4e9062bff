import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { redirected } from "./redirect.ts";
import type { TunnelRequest } from "./request.ts";

const test = suite("redirect");

function request(
  method: string,
  redirect: RequestRedirect = "follow",
  target = "/a/b?c",
): TunnelRequest {
  return {
    head: {
      method,
      target,
      headers: [
        ["Content-Type", "text/plain"],
        ["content-length", "4"],
        ["origin", "https://site.example"],
        ["accept", "*/*"],
        ["authorization", "Basic eA=="],
      ],
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
    assert.is(next.head.headers.length, isKept ? 5 : 2);
  });
}

test("a request that becomes a GET keeps neither its body's headers nor Origin", () => {
  const { head } = redirected(request("POST"), answer(302, "/d"))!;
  assert.equal(head.headers, [["accept", "*/*"], ["authorization", "Basic eA=="]]);
});

for (
  const [target, location, expected] of [
    ["/a/b?c", "d#e", "/a/d"],
    ["/a/b?c", "#e", "/a/b?c"],
    ["/a/b?c", "?d", "/a/b?d"],
    ["/a/b?c", "", "/a/b?c"],
    ["/a/b?c", "/.//d", "//d"],
    ["/a/b?c", "https://site.example//d", "//d"],
    // A path, though a URL would take it for a host.
    ["//a/b", "c", "//a/c"],
    ["//other.example/b", "/c", "/c"],
    ["//", "c", "//c"],
  ] as const
) {
  test(`the redirect of ${target} to "${location}" asks for ${expected}`, () => {
    const next = redirected(request("GET", "follow", target), answer(302, location))!;
    assert.is(next.head.target, expected);
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
