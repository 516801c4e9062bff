import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type HttpRequest, serveRequest } from "../../wire/mod.ts";
import { bytesOf } from "../../wire/testing/bytes.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { fetchThrough } from "./fetch.ts";
import { toRequest } from "./request.ts";

const test = suite("request");

const SITE = "https://me.example";

/** Sends what `fetch` was called with, several times. @returns What the host gets, each as a line. */
async function sent(
  init: RequestInit,
  times: number,
  input: RequestInfo = "/a",
): Promise<string[]> {
  const seen: string[] = [];
  const read = async ({ method, headers, body }: HttpRequest) => {
    const values = (wanted: string) =>
      headers.filter(([name]) => name === wanted).map(([, value]) => value).join();
    const bytes = body ? await bytesOf(body) : new Uint8Array();
    const type = values("content-type");
    // A form is readable with the boundary that its type names, and with no other.
    const form = type.startsWith("multipart/")
      ? await new Response(bytes, { headers: { "content-type": type } }).formData()
      : undefined;
    const text = form ? [...form].join() : new TextDecoder("latin1").decode(bytes);
    // A form's parts have lengths of their own: only whether the whole is right counts.
    const length = values("content-length");
    const size = length === String(bytes.length) && form ? "right" : length || "unknown";
    seen.push(`${method} ${type.replace(/; boundary.*/, "")}|${size}|${text}`);
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

const form = new FormData();
form.set("field", "välue");
const bytes = new TextEncoder().encode("bytes");

for (
  const [what, body, expected] of [
    ["a text", "täxt", " text/plain;charset=UTF-8|5|tÃ¤xt"],
    ["an empty text", "", " text/plain;charset=UTF-8|0|"],
    ["a String", new String("text"), " text/plain;charset=UTF-8|4|text"],
    ["a number", 7, " text/plain;charset=UTF-8|1|7"],
    ["an object", { toString: () => "text" }, " text/plain;charset=UTF-8|4|text"],
    ["a lone surrogate", "\ud800", " text/plain;charset=UTF-8|3|ï¿½"],
    [
      "a query",
      new URLSearchParams({ a: "b c", d: "ü" }),
      " application/x-www-form-urlencoded;charset=UTF-8|14|a=b+c&d=%C3%BC",
    ],
    ["another window's buffer", runInNewContext("new Uint8Array([97, 98]).buffer"), " |2|ab"],
    ["an ArrayBuffer", bytes.buffer, " |5|bytes"],
    ["a part of an array", bytes.subarray(1, 3), " |2|yt"],
    ["an array of words", new Uint16Array([0x6261, 0x6463]), " |4|abcd"],
    ["a DataView", new DataView(bytes.buffer, 2), " |3|tes"],
    ["no bytes", new Uint8Array(), " |0|"],
    ["a Blob", new Blob(["blob"]), " |4|blob"],
    [
      "a Blob with a type",
      new Blob(["{}"], { type: "application/json" }),
      " application/json|2|{}",
    ],
    ["an empty Blob", new Blob([]), " |0|"],
    ["a File", new File(["file"], "a.txt", { type: "text/css" }), " text/css|4|file"],
    ["a form", form, " multipart/form-data|right|field,välue"],
    ["an empty form", new FormData(), " multipart/form-data|right|"],
  ] as [string, BodyInit, string][]
) {
  test(`${what} goes with its size, and again`, async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
      const twice = [method + expected, method + expected];
      assert.equal(await sent({ method, body }, 2), twice);
      const request = new Request(`${SITE}/a`, { method, body });
      assert.equal(await sent({}, 2, request), twice);
      assert.is(request.bodyUsed, true);
    }
  });
}

for (
  const [method, size] of [
    ["POST", "0"],
    ["PUT", "0"],
    ["post", "0"],
    ["patch", "unknown"],
    ["DELETE", "unknown"],
    ["PATCH", "unknown"],
    ["GET", "unknown"],
    ["HEAD", "unknown"],
  ] as const
) {
  test(`${method} without a body has the size ${size}, as Fetch says`, async () => {
    const expected = `${method === "post" ? "POST" : method} |${size}|`;
    assert.equal(await sent({ method }, 2), [expected, expected]);
    assert.equal(await sent({ method, body: null }, 1), [expected]);
    assert.equal(await sent({}, 2, new Request(`${SITE}/a`, { method })), [expected, expected]);
  });
}

test("a body's bytes are those at the time of the call", async () => {
  const body = new Uint8Array([0x61]);
  const request = toRequest("/a", { method: "POST", body }, SITE);
  body[0] = 0x62;
  assert.equal(await bytesOf((await request.body()).bytes!), new Uint8Array([0x61]));
});

for (
  const [what, headers, expected] of [
    ["a Content-Type stays", { "content-type": "text/csv" }, "POST text/csv|4|text"],
    [
      "a Content-Length is not believed",
      { "content-length": "9" },
      "POST text/plain;charset=UTF-8|4|text",
    ],
  ] as const
) {
  test(`${what} that the page has set`, async () => {
    assert.equal(await sent({ method: "POST", body: "text", headers }, 1), [expected]);
  });
}

function stream(): ReadableStream {
  return new Blob(["once"]).stream();
}

for (
  const [what, input, init] of [
    ["a stream", "/a", { method: "POST", body: stream() }],
    ["a stream with a Content-Length", "/a", {
      method: "POST",
      body: stream(),
      headers: { "content-length": "9" },
    }],
    ["a stream for a Request", new Request(`${SITE}/a`), { method: "POST", body: stream() }],
    ["a Request of a stream", streamRequest(), {}],
    ["a Request of a stream as the options", "/a", streamRequest()],
  ] as [string, RequestInfo, RequestInit][]
) {
  test(`${what} is sent without a size, and once`, async () => {
    const request = toRequest(input, init, SITE);
    assert.is(request.canRepeat, false);
    const { bytes, size } = await request.body();
    assert.is(size, undefined);
    assert.is(new TextDecoder().decode(await bytesOf(bytes!)), "once");
    const error = await request.body().catch((error) => error);
    assert.match(error.message, "Cannot send the body again");
  });
}

function streamRequest(): Request {
  return new Request(
    `${SITE}/a`,
    { method: "POST", body: stream(), duplex: "half" } as RequestInit,
  );
}

test("a stream's size is unknown to the host", async () => {
  assert.equal(
    await sent({ method: "POST", body: stream(), headers: { "content-length": "9" } }, 1),
    ["POST |unknown|once"],
  );
});

test("a Request's body is replaced by another", async () => {
  const input = new Request(`${SITE}/a`, { method: "POST", body: "first" });
  const expected = ["POST text/plain;charset=UTF-8|6|second"];
  assert.equal(await sent({ body: "second" }, 1, input), expected);
  assert.is(input.bodyUsed, false);
});

test("a Request can be the options of another URL", () => {
  const init = new Request(`${SITE}/b`, { method: "PUT", headers: { "x-a": "1" } });
  const { head, signal } = toRequest("/a", init, SITE);
  assert.equal([head.method, head.target, signal instanceof AbortSignal], ["PUT", "/a", true]);
  assert.is(new Map(head.headers).get("x-a"), "1");
});

test("a Request whose body is used is refused", async () => {
  const input = new Request(`${SITE}/a`, { method: "POST", body: "text" });
  await input.text();
  assert.throws(() => toRequest(input, {}, SITE), TypeError);
});

test("the signal ends the reading of a Request's body", async () => {
  /** A file on a disk that does not answer. */
  class StuckBlob extends Blob {
    override stream() {
      return new ReadableStream<Uint8Array<ArrayBuffer>>();
    }
  }
  const controller = new AbortController();
  const input = new Request(`${SITE}/a`, {
    method: "POST",
    body: new StuckBlob(["x"]),
    signal: controller.signal,
  });
  const body = toRequest(input, {}, SITE).body().catch((error) => error);
  controller.abort();
  assert.is((await body).name, "AbortError");
});

for (
  const [input, site, target, base] of [
    ["/a?b#c", SITE, "/a?b", SITE],
    ["a", SITE, "/a", SITE],
    [`${SITE}/a`, SITE, "/a", SITE],
    [new URL(`${SITE}/a`), SITE, "/a", SITE],
    [new Request(`${SITE}/a`), SITE, "/a", SITE],
    [foreignRequest(`${SITE}/a`), SITE, "/a", SITE],
    ["/a", "null", "/a", "http://lighthouse.invalid"],
  ] as [RequestInfo | URL, string, string, string][]
) {
  test(`${input} asks for ${target} on a page of ${site}`, () => {
    const request = toRequest(input, {}, site);
    assert.equal([request.head.target, request.base], [target, base]);
  });
}

/** A Request as another window's script makes it: of the same kind, and no instance of this one's class. */
function foreignRequest(url: string): Request {
  const { url: own, method, headers, body, signal } = new Request(url);
  return {
    url: own,
    method,
    headers,
    body,
    signal,
    [Symbol.toStringTag]: "Request",
    toString: () => own,
  } as unknown as Request;
}

test("a URL that is no path is refused before anything is sent", () => {
  assert.throws(() => toRequest("http://localhost:5000/a", {}, SITE), /give a path, "\/a"/);
  assert.throws(() => toRequest(new Request("blob:https://me.example/a"), {}, SITE), /blob:…/);
});

test("null options are none", () => {
  assert.is(toRequest("/a", null, SITE).head.method, "GET");
});

for (
  const [input, init, message] of [
    ["/a", { method: "GET", body: stream() }, /body/],
    ["/a", { method: "get", body: "x" }, /body/],
    ["/a", { method: "HEAD", body: "" }, /body/],
    ["/a", { body: form }, /body/],
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
