import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type HttpRequest, serveRequest } from "../../wire/mod.ts";
import { bytesOf } from "../../wire/testing/bytes.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { fetchThrough } from "./fetch.ts";
import { toRequest } from "./request.ts";

const test = suite("request");

const SITE = "https://me.example";

/** Sends what `fetch` was called with, several times. @returns What the host gets. */
async function sent(
  init: RequestInit,
  times: number,
  input: RequestInfo = "/a",
): Promise<string[]> {
  const seen: string[] = [];
  const read = async ({ method, headers, body }: HttpRequest) => {
    const type = headers.find(([name]) => name === "content-type")?.[1] ?? "";
    const bytes = body && await bytesOf(body);
    // A form is readable with the boundary that its type names, and with no other.
    const form = bytes && type.startsWith("multipart/")
      ? await new Response(bytes, { headers: { "content-type": type } }).formData()
      : undefined;
    const text = form ? form.get("field") : new TextDecoder().decode(bytes ?? new Uint8Array());
    seen.push(`${method} ${type.replace(/;.*/, "")} ${text}`);
    return { status: 200, statusText: "", headers: [], body: null };
  };
  const { page, host } = await connectSessions({
    host: { onStream: (stream) => void serveRequest(stream, read) },
  });
  try {
    const request = toRequest(input, init, SITE);
    for (let i = 0; i < times; i++) await fetchThrough(request, () => Promise.resolve(page));
  } finally {
    page.close();
    await host.closed;
  }
  return seen;
}

function form(): FormData {
  const data = new FormData();
  data.set("field", "value");
  return data;
}

for (
  const [what, init, expected] of [
    ["a text", { method: "POST", body: "text" }, "POST text/plain text"],
    ["bytes", { method: "PUT", body: new Uint8Array([0x61]) }, "PUT  a"],
    ["a form", { method: "POST", body: form() }, "POST multipart/form-data value"],
    ["no body", { method: "DELETE" }, "DELETE  "],
    ["a GET", {}, "GET  "],
  ] as [string, RequestInit, string][]
) {
  test(`${what} can be sent again, and is the same then`, async () => {
    assert.is(toRequest("/a", init, SITE).canRepeat, true);
    assert.equal(await sent(init, 2), [expected, expected]);
  });
}

for (
  const [what, input, init] of [
    ["a stream", "/a", { method: "POST", body: new Blob(["once"]).stream() }],
    ["a Request's body", new Request(`${SITE}/a`, { method: "POST", body: "once" }), {}],
  ] as [string, RequestInfo, RequestInit][]
) {
  test(`${what} is sent once`, async () => {
    const request = toRequest(input, init, SITE);
    assert.is(request.canRepeat, false);
    assert.is(new TextDecoder().decode(await bytesOf((await request.body()).bytes!)), "once");
    const error = await request.body().catch((error) => error);
    assert.match(error.message, "Cannot send the body again");
  });
}

test("a Request without a body can be sent again, as it is", async () => {
  const input = new Request(`${SITE}/a`, { method: "DELETE" });
  assert.equal(await sent({}, 2, input), ["DELETE  ", "DELETE  "]);
});

for (
  const [input, site, target, base] of [
    ["/a?b#c", SITE, "/a?b", SITE],
    ["a", SITE, "/a", SITE],
    [`${SITE}/a`, SITE, "/a", SITE],
    [new URL(`${SITE}/a`), SITE, "/a", SITE],
    [new Request(`${SITE}/a`), SITE, "/a", SITE],
    ["/a", "null", "/a", "http://lighthouse.invalid"],
  ] as [RequestInfo | URL, string, string, string][]
) {
  test(`${input} asks for ${target} on a page of ${site}`, () => {
    const request = toRequest(input, {}, site);
    assert.equal([request.head.target, request.base], [target, base]);
  });
}

for (
  const [input, init, message] of [
    ["https://other.example/a", {}, /it is another site's/],
    ["//other.example/a", {}, /it is another site's/],
    ["/a", { method: "GET", body: new Blob(["x"]).stream() }, /a GET request has no body/],
    ["/a", { method: "GET", body: "x" }, /body/],
  ] as [string, RequestInit, RegExp][]
) {
  test(`${init.method ?? ""} ${input} with ${typeof init.body} as its body is refused`, () => {
    assert.throws(() => toRequest(input, init, SITE), message);
  });
}

test("only a caller's own signal ends the request", () => {
  const { signal } = new AbortController();
  assert.is(toRequest("/a", {}, SITE).signal, undefined);
  assert.instance(toRequest("/a", { signal }, SITE).signal, AbortSignal);
  assert.instance(toRequest(new Request(`${SITE}/a`), {}, SITE).signal, AbortSignal);
});

test.run();
