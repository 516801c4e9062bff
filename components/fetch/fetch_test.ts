import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type HttpRequest, LighthouseError, serveRequest } from "../../wire/mod.ts";
import { bytesOf } from "../../wire/testing/bytes.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { fetchThrough, isRepeatable, toRequest } from "./fetch.ts";

const test = suite("fetch");

const SITE = "https://me.example";

/** Sends what `fetch` was called with so many times. @returns what the host gets. */
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
    for (let i = 0; i < times; i++) await fetchThrough(page, request);
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
  const [method, canRepeat, code, expected] of [
    ["GET", true, "session-lost", true],
    ["HEAD", true, "connection-lost", true],
    ["GET", true, "backend-failed", false],
    ["POST", true, "session-lost", false],
    ["POST", true, "connection-lost", false],
    ["POST", true, "refused", true],
    ["DELETE", true, "refused", true],
    ["POST", false, "refused", false],
  ] as const
) {
  const body = canRepeat ? "" : ", whose body is gone,";
  test(`a ${method}${body} is ${expected ? "" : "not "}repeated after ${code}`, () => {
    assert.is(isRepeatable(method, canRepeat, new LighthouseError(code, "")), expected);
  });
}

test.run();
