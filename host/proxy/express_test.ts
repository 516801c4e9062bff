// The host before an app that nobody here wrote: express, with static files, compression and multer.
import { createHash, randomBytes } from "node:crypto";
import { getEventListeners } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { gunzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import type { HeaderField, HttpRequest, HttpResponse } from "../../wire/mod.ts";
import { startExpressApp } from "../testing/express_app.ts";
import { valuesOf } from "./headers.ts";
import { Services } from "./services.ts";

const test = suite("express", { deadline: 150_000 });

const TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(1000);
const VIDEO = randomBytes(3 * 1024 * 1024);

const folder = temporaryFolder();
await writeFile(join(folder, "long.txt"), TEXT);
await writeFile(join(folder, "video.mp4"), VIDEO);

const app = await startExpressApp(folder);
const services = Services.start([
  { prefix: "/app", backend: app.url },
  { prefix: "/proxied", backend: app.url, as: "proxy" },
]);
test.after(async () => {
  await services.close();
  await app.close();
});

interface Asked extends Partial<HttpRequest> {
  signal?: AbortSignal;
  device?: string;
}

function ask(target: string, asked: Asked = {}): Promise<HttpResponse> {
  const { signal = new AbortController().signal, device = "phone", ...request } = asked;
  return services.handler({ method: "GET", target, headers: [], body: null, ...request }, {
    signal,
    principal: { id: device, origin: "https://me.example", name: device },
  });
}

async function bytesOf({ body }: HttpResponse): Promise<Uint8Array> {
  return new Uint8Array(await new Response(body).arrayBuffer());
}

async function textOf(response: HttpResponse): Promise<string> {
  return new TextDecoder().decode(await bytesOf(response));
}

for (const coding of ["gzip", "br", "identity"]) {
  test(`a text that the app sends as ${coding} arrives as gzip or plain`, async () => {
    const headers: HeaderField[] = [["Accept-Encoding", coding]];
    const response = await ask("/app/static/long.txt", { headers });
    const isGzip = coding === "gzip";
    assert.equal(valuesOf(response.headers, "content-encoding"), isGzip ? ["gzip"] : []);
    assert.equal(valuesOf(response.headers, "vary"), ["Accept-Encoding"]);
    const bytes = await bytesOf(response);
    if (isGzip) assert.ok(bytes.length < TEXT.length / 10);
    assert.is(new TextDecoder().decode(isGzip ? gunzipSync(bytes) : bytes), TEXT);
  });
}

test("files are uploaded with a form, one of them large", async () => {
  const form = new FormData();
  form.set("text", "h\u00e9llo");
  form.append("files", new File([VIDEO], "video.mp4"));
  form.append("files", new File([""], "empty"));
  const { headers, body } = new Request("http://page.example", { method: "POST", body: form });
  const response = await ask("/app/upload", { method: "POST", headers: [...headers], body });
  assert.is(response.status, 200);
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  assert.equal(JSON.parse(await textOf(response)), {
    text: "h\u00e9llo",
    files: [
      { name: "video.mp4", size: VIDEO.length, sha256: sha256(VIDEO) },
      { name: "empty", size: 0, sha256: sha256(new Uint8Array()) },
    ],
  });
});

test("a video is read by ranges, and again by its tag", async () => {
  const headers: HeaderField[] = [["Range", "bytes=1000000-1000099"]];
  const part = await ask("/app/static/video.mp4", { headers });
  assert.is(part.status, 206);
  assert.equal(valuesOf(part.headers, "content-range"), [`bytes 1000000-1000099/${VIDEO.length}`]);
  assert.is(Buffer.compare(await bytesOf(part), VIDEO.subarray(1_000_000, 1_000_100)), 0);
  const [etag = ""] = valuesOf(part.headers, "etag");
  const again = await ask("/app/static/video.mp4", { headers: [["If-None-Match", etag]] });
  assert.is(again.status, 304);
  assert.is(again.body, null);
});

test("the app sees a client on its own machine", async () => {
  const headers: HeaderField[] = [["Origin", "https://me.example"]];
  assert.equal(JSON.parse(await textOf(await ask("/app/whoami", { headers }))), {
    protocol: "http",
    host: app.url.host,
    ip: "127.0.0.1",
  });
});

test("as proxy: the app knows by which site and protocol it is used, and that it is not from here", async () => {
  const seen = JSON.parse(await textOf(await ask("/proxied/whoami")));
  assert.equal([seen.protocol, seen.host], ["https", "me.example"]);
  assert.match(seen.ip, /^100(?:\.\d+){3}$/);
});

test("a session's cookie and its redirect work, for one device", async () => {
  const login = await ask("/app/login");
  assert.is(login.status, 302);
  assert.equal(valuesOf(login.headers, "location"), ["/app/static/"]);
  assert.equal(valuesOf(login.headers, "set-cookie"), []);
  assert.is(JSON.parse(await textOf(await ask("/app/cookie"))), "session=1");
  assert.is(JSON.parse(await textOf(await ask("/app/cookie", { device: "tablet" }))), null);
});

/**
 * Resolves when this process holds no socket of a connection any more, and no timer but the test's
 * own deadline. Idle connections are kept for some seconds.
 */
function nothingLeft(): Promise<void> {
  return until(() => {
    const held = process.getActiveResourcesInfo();
    const sockets = held.filter((kind) => kind === "TCPSocketWrap").length;
    const timers = held.filter((kind) => kind === "Timeout").length;
    return sockets === 0 && timers <= 1;
  });
}

test("10,000 requests in a row and 256 at once leave nothing behind", async () => {
  const { signal } = new AbortController();
  const hello = async () => {
    assert.is(await textOf(await ask("/app/hello", { signal, device: "counted" })), "hello");
  };
  await hello();
  let connections = 0;
  app.server.on("connection", () => connections++);

  for (let i = 0; i < 10_000; i++) await hello();
  assert.is(connections, 0, "one connection is enough");
  await Promise.all(Array.from({ length: 256 }, hello));
  assert.ok(connections < 256, `${connections} connections for 256 at once`);

  await nothingLeft();
  assert.equal(getEventListeners(signal, "abort"), []);
});

test("requests that are given up leave nothing behind", async () => {
  for (let i = 0; i < 20; i++) {
    await Promise.all(Array.from({ length: 50 }, async (_, n) => {
      const stop = new AbortController();
      const asked = ask("/app/static/video.mp4", { signal: stop.signal });
      if (n % 3 === 0) stop.abort();
      const response = await asked.catch(() => undefined);
      if (n % 3 === 1) stop.abort();
      await response?.body?.cancel();
    }));
  }
  await nothingLeft();
});

test.run();
