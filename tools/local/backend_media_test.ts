import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { type Backend, startBackend } from "./backend.ts";
import { TILES } from "./backend_app.ts";

const test = suite("backend_media");

let folder: string;
let backend: Backend;

test.before(async () => {
  folder = temporaryFolder();
  backend = await startBackend({ file: join(folder, "notes.json") });
});
test.after(async () => {
  await backend.close();
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(backend.url + path, { headers, redirect: "manual" });

test("the film arrives whole, or in the requested range", async () => {
  const whole = await get("/media/film.webm");
  const bytes = new Uint8Array(await whole.arrayBuffer());
  assert.is(whole.status, 200);
  assert.ok(bytes.length > 24_000_000, `${bytes.length} bytes`);

  for (
    const [range, first, last] of [
      ["bytes=0-", 0, bytes.length - 1],
      ["bytes=100-199", 100, 199],
      [`bytes=${bytes.length - 5}-99999999999`, bytes.length - 5, bytes.length - 1],
    ] as const
  ) {
    const part = await get("/media/film.webm", { range });
    assert.is(part.status, 206);
    assert.is(part.headers.get("content-range"), `bytes ${first}-${last}/${bytes.length}`);
    const got = Buffer.from(await part.arrayBuffer());
    assert.is(Buffer.compare(got, bytes.subarray(first, last + 1)), 0);
  }
  const beyond = await get("/media/film.webm", { range: `bytes=${bytes.length}-` });
  assert.equal(
    [beyond.status, beyond.headers.get("content-range")],
    [416, `bytes */${bytes.length}`],
  );
  assert.is(backend.requests.at(-1)!.range, `bytes=${bytes.length}-`);
});

test("events arrive in order, with ids", async () => {
  const response = await get("/api/events?interval=10");
  assert.is(response.headers.get("content-type"), "text/event-stream");
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("id: 3\n")) break;
  }
  assert.match(text, /^id: 1\ndata: \S+\n\nid: 2\ndata: \S+\n\nid: 3\n/);
});

test("a wish is shown after a redirect, as text", async () => {
  const body = new URLSearchParams({ wish: "<b>A ship</b>" });
  const sent = await fetch(`${backend.url}/wishes`, { method: "POST", body, redirect: "manual" });
  assert.equal([sent.status, sent.headers.get("location")], [303, "/wishes"]);
  assert.match(await (await get("/wishes")).text(), /<li>&#60;b&#62;A ship&#60;\/b&#62;<\/li>/);
});

test("the app serves all its files, and no others", async () => {
  const paths = ["/app/", "/app/app.css", "/app/app.js", "/media/picture.svg"];
  for (let tile = 0; tile < TILES; tile++) {
    paths.push(`/app/tiles/${tile}.js`, `/app/tiles/${tile}.svg`);
  }
  for (const path of paths) assert.is((await get(path)).status, 200, path);
  for (const path of ["/app/x.js", `/app/tiles/${TILES}.js`, "/app/tiles/x.js"]) {
    assert.is((await get(path)).status, 404, path);
  }
});

test.run();
