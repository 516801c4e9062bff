import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { pattern } from "../../wire/testing/bytes.ts";
import { field, pageRequest, seenOf, SITE } from "../testing/page_request.ts";

const test = suite("page_request");

for (
  const [path, target] of [
    ["", "/"],
    ["a/b.png?c=%20d&e", "/a/b.png?c=%20d&e"],
    ["?a", "/?a"],
    ["x#part", "/x"],
    ["/x", "//x"],
  ] as const
) {
  test(`local/${path} is the backend's ${target}`, async () => {
    assert.is((await seenOf(pageRequest(`./${path}`))).target, target);
  });
}

test("fields are passed on, and say where the page has it from", async () => {
  const seen = await seenOf(pageRequest("x", { headers: { range: "bytes=5-", "x-a": "b" } }));
  assert.equal([field(seen, "range"), field(seen, "x-a")], ["bytes=5-", "b"]);
  assert.is(field(seen, "x-forwarded-prefix"), "/site/local");
  assert.is(field(seen, "origin"), undefined);
});

for (
  const [init, expected] of [
    [{}, "same-origin cors empty"],
    [{ referrer: "", mode: "no-cors", destination: "image" }, "same-origin no-cors image"],
    [{ mode: "navigate", destination: "iframe" }, "same-origin navigate iframe"],
    [{ mode: "navigate", destination: "document", referrer: "" }, "cross-site navigate document"],
    [
      { mode: "navigate", destination: "document", referrer: "https://evil.example/" },
      "cross-site navigate document",
    ],
    [
      { headers: { "sec-fetch-site": "none" }, mode: "navigate", referrer: "" },
      "cross-site navigate empty",
    ],
  ] as const
) {
  test(`the backend learns who asks: ${expected}`, async () => {
    const seen = await seenOf(pageRequest("x", init));
    const said = ["site", "mode", "dest"].map((name) => field(seen, `sec-fetch-${name}`));
    assert.is(said.join(" "), expected);
  });
}

test("headers that one browser hides from its worker are the browser's own", async () => {
  const hidden = await seenOf(pageRequest("x"));
  assert.is(field(hidden, "user-agent"), navigator.userAgent);
  assert.match(field(hidden, "accept-language")!, navigator.language);
  assert.is(field(hidden, "accept"), "*/*");
  const headers = { "user-agent": "A", "accept-language": "de", "accept": "text/html" };
  const shown = await seenOf(pageRequest("x", { headers }));
  for (const [name, value] of Object.entries(headers)) assert.is(field(shown, name), value);
});

for (
  const [referrer, expected] of [
    [`${SITE}local/page?a`, `${SITE}local/page?a`],
    ["https://other.example/", "https://other.example/"],
    ["", undefined],
    ["about:client", undefined],
  ] as const
) {
  test(`the referrer ${referrer || "of nobody"} arrives as ${expected}`, async () => {
    assert.is(field(await seenOf(pageRequest("x", { referrer })), "referer"), expected);
  });
}

for (
  const [cache, expected] of [
    ["default", undefined],
    ["no-cache", "max-age=0"],
    ["reload", "no-cache"],
    ["no-store", "no-cache"],
    ["force-cache", undefined],
  ] as const
) {
  test(`the cache mode ${cache} is said as ${expected}`, async () => {
    assert.is(field(await seenOf(pageRequest("x", { cache })), "cache-control"), expected);
    const headers = { "cache-control": "max-age=5" };
    const own = await seenOf(pageRequest("x", { cache, headers }));
    assert.is(field(own, "cache-control"), "max-age=5");
  });
}

function formOf(value: string | Blob): FormData {
  const form = new FormData();
  form.append("field", value);
  return form;
}

for (
  const [what, method, body, length] of [
    ["text", "POST", "h\u00e9llo", "6"],
    ["bytes", "PUT", pattern(200_000), "200000"],
    ["fields", "POST", new URLSearchParams({ a: "b c" }), "5"],
    ["an empty text", "PATCH", "", "0"],
    ["nothing", "POST", undefined, "0"],
    ["nothing", "PUT", undefined, "0"],
    ["nothing", "DELETE", undefined, undefined],
    ["nothing", "GET", undefined, undefined],
    ["nothing", "HEAD", undefined, undefined],
  ] as const
) {
  test(`a ${method} with ${what} has the length ${length}`, async () => {
    const seen = await seenOf(pageRequest("x", { method, body: body as BodyInit }));
    assert.is(field(seen, "content-length"), length);
    assert.is(seen.bytes?.length ?? 0, Number(length ?? 0));
    const isReading = method === "GET" || method === "HEAD";
    assert.is(field(seen, "origin"), isReading ? undefined : "https://me.example");
  });
}

test("a form with a file has its length, and its boundary", async () => {
  const file = new File([pattern(300_000)], "file.bin");
  const seen = await seenOf(pageRequest("x", { method: "POST", body: formOf(file) }));
  assert.is(field(seen, "content-length"), String(seen.bytes!.length));
  const type = field(seen, "content-type")!;
  const form = await new Response(seen.bytes!.slice(), { headers: { "content-type": type } })
    .formData();
  assert.equal(await (form.get("field") as File).bytes(), pattern(300_000));
});

test.run();
