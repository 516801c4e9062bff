import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type ErrorCode, type HttpHandler, LighthouseError, type Session } from "../../wire/mod.ts";
import { pattern, streamOf } from "../../wire/testing/bytes.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { answerUnder, ok, pageRequest, SITE, through, tunnelOf } from "../testing/page_request.ts";
import type { PageRequest } from "./page_request.ts";

const test = suite("worker_fetch");

for (
  const [location, led] of [
    ["/login?a=1#b", "/site/local/login?a=1#b"],
    ["login", "/site/local/deep/login"],
    ["../login", "/site/local/login"],
    ["../../../login", "/site/local/login"],
    ["?page=2", "/site/local/deep/x?page=2"],
    ["/site/local/login", "/site/local/login"],
    ["https://other.example/a", "https://other.example/a"],
    ["https://me.example/site/", "https://me.example/site/"],
    ["//other.example/a", "//other.example/a"],
    ["http://[", "http://["],
    // The host's form of a path that begins with two slashes.
    ["/.//login", "/site/local//login"],
    ["/.//other.example/a?b", "/site/local//other.example/a?b"],
    ["/notes/.//x", "/site/local/notes//x"],
    // What a backend makes of X-Forwarded-Prefix, -Host and -Proto.
    ["/site/local/notes/login?next=/a", "/site/local/notes/login?next=/a"],
    ["https://me.example/site/local/notes/", "https://me.example/site/local/notes/"],
    ["/site/locally", "/site/local/site/locally"],
    ["", "/site/local/deep/x"],
    ["#part", "/site/local/deep/x#part"],
    ["mailto:me@other.example", "mailto:me@other.example"],
  ] as const
) {
  test(`a redirect to ${location} leads to ${led}`, async () => {
    assert.is(await redirected("deep/x", location), led);
  });
}

test("a redirect from a path that begins with two slashes leads under the prefix", async () => {
  assert.is(await redirected(".//deep/x", "y"), "/site/local//deep/y");
});

/** Where a request for the path is led when the backend redirects it. */
async function redirected(path: string, location: string): Promise<string | null> {
  const handler: HttpHandler = () =>
    Promise.resolve(ok({ status: 302, headers: [["Location", location]] }));
  return (await through(handler, pageRequest(path))).headers.get("location");
}

for (const status of [204, 205, 304]) {
  test(`an answer of ${status} with a body all the same comes without`, async () => {
    const handler: HttpHandler = () => Promise.resolve(ok({ status, body: streamOf(pattern(9)) }));
    const response = await through(handler, pageRequest("x"));
    assert.equal([response.status, response.body], [status, null]);
  });
}

test("gzip is undone, and its fields are gone", async () => {
  const body = new Blob(["squeezed"]).stream().pipeThrough(new CompressionStream("gzip"));
  const headers: [string, string][] = [["content-encoding", "gzip"], ["content-length", "28"]];
  const handler: HttpHandler = () => Promise.resolve(ok({ headers, body }));
  const response = await through(handler, pageRequest("x"));
  assert.is(await response.text(), "squeezed");
  assert.equal([...response.headers], []);
});

/** A tunnel whose streams all fail, and how often one was opened. */
function broken(code: ErrorCode) {
  const tunnel = { ...tunnelOf(() => Promise.resolve(session)), opened: 0 };
  const session = {
    open() {
      tunnel.opened++;
      throw new LighthouseError(code, "It <broke>");
    },
  } as unknown as Session;
  return tunnel;
}

for (const code of ["connection-lost", "session-lost", "refused"] as const) {
  test(`a GET or HEAD that ends with ${code} is sent again, four times in all`, async () => {
    for (const method of ["GET", "HEAD"]) {
      const tunnel = broken(code);
      assert.is((await answerUnder(pageRequest("x", { method }), tunnel)).type, "error");
      assert.is(tunnel.opened, 4);
    }
  });

  const isSafe = code === "refused";
  test(`a DELETE that ends with ${code} is ${isSafe ? "" : "not "}sent again`, async () => {
    const tunnel = broken(code);
    assert.is((await answerUnder(pageRequest("x", { method: "DELETE" }), tunnel)).type, "error");
    assert.is(tunnel.opened, isSafe ? 4 : 1);
  });

  test(`a POST that ends with ${code} is ${isSafe ? "" : "not "}sent again with its body`, async () => {
    const tunnel = broken(code);
    const request = pageRequest("x", { method: "POST", body: "text" });
    assert.is((await answerUnder(request, tunnel)).type, "error");
    assert.is(tunnel.opened, isSafe ? 4 : 1);
  });
}

test("a GET that fails for another reason is not sent again", async () => {
  const tunnel = broken("backend-failed");
  assert.is((await answerUnder(pageRequest("x"), tunnel)).type, "error");
  assert.is(tunnel.opened, 1);
});

test("a page that fails says why, with the reason as text", async () => {
  const request = pageRequest("x", { mode: "navigate", method: "POST" });
  const response = await answerUnder(request, broken("connection-lost"));
  assert.is(response.status, 502);
  assert.match(await response.text(), /It &#60;broke&#62;\..*may have acted/s);
});

for (
  const [init, status, type] of [
    [{}, 0, "error"],
    [{ mode: "navigate" }, 502, "default"],
  ] as const
) {
  test(`a request ${JSON.stringify(init)} whose leader is silent has no answer`, async () => {
    const { page, host } = await connectSessions({});
    const silence = Promise.withResolvers<void>();
    let signal: AbortSignal;
    const untilSilent = (watched: AbortSignal) => {
      signal = watched;
      silence.resolve();
      return silence.promise;
    };
    const tunnel = tunnelOf(() => Promise.resolve(page), { untilSilent });
    const response = await answerUnder(pageRequest("x", init), tunnel);
    assert.equal([response.status, response.type], [status, type]);
    assert.ok(signal!.aborted);
    page.close();
    await host.closed;
  });
}

/** What the worker answers while no tab holds a connection. */
function withoutLeader(request: PageRequest, code: ErrorCode = "no-holder"): Promise<Response> {
  const session = () => Promise.reject(new LighthouseError(code, "Nobody <there>"));
  return answerUnder(request, tunnelOf(session));
}

test("without a leader, a script gets 503 and the reason as JSON", async () => {
  const response = await withoutLeader(pageRequest("x"), "host-offline");
  assert.equal([response.status, response.headers.get("retry-after")], [503, "2"]);
  const error = { code: "host-offline", message: "Nobody <there>" };
  assert.equal(await response.json(), { error });
});

test("without a leader, a page gets 503, what to do, and asks again by itself", async () => {
  const response = await withoutLeader(pageRequest("x", { mode: "navigate" }));
  assert.is(response.status, 503);
  const html = await response.text();
  assert.match(html, /Open a page of <a href="https:\/\/me\.example\/site\/"/);
  assert.is(response.headers.get("refresh"), "2");
  assert.match(response.headers.get("content-security-policy")!, /default-src 'none'/);
});

test("without a connection, a page gets 503 and the reason as text", async () => {
  const response = await withoutLeader(pageRequest("x", { mode: "navigate" }), "bad-config");
  assert.match(await response.text(), /<p>Nobody &#60;there&#62;\.<\/p>/);
});

test("a form that was not sent is not asked for again", async () => {
  const response = await withoutLeader(pageRequest("x", { mode: "navigate", method: "POST" }));
  assert.is(response.headers.get("refresh"), null);
});

for (
  const [init, status] of [
    [{ method: "POST", referrer: `${SITE}page` }, 200],
    [{ method: "POST", referrer: "", headers: { origin: "https://me.example" } }, 200],
    [{ method: "POST", referrer: "https://evil.example/" }, 403],
    [{ method: "POST", referrer: "https://me.example.evil.example/" }, 403],
    [{ method: "POST", referrer: "" }, 403],
    [{ method: "POST", referrer: "about:client" }, 403],
    [{ method: "POST", referrer: SITE, headers: { origin: "null" } }, 403],
    [{ method: "POST", referrer: SITE, headers: { origin: "https://evil.example" } }, 403],
    [{ method: "GET", referrer: "https://evil.example/" }, 200],
    [{ method: "POST", referrer: "", mode: "cors" }, 200],
  ] as const
) {
  test(`a navigation ${JSON.stringify(init)} is answered ${status}`, async () => {
    const request = pageRequest("x", { mode: "navigate", ...init } as RequestInit);
    const response = await through(() => Promise.resolve(ok()), request);
    assert.is(response.status, status);
  });
}

test.run();
