import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { mkdir, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import type { HeaderField, HttpRequest, HttpResponse } from "../../wire/mod.ts";
import { valuesOf } from "./headers.ts";
import type { Service } from "./service.ts";
import { serveFolder } from "./static_files.ts";

const test = suite("static_files");

const TEXT = "0123456789";
const DATE = new Date("2026-01-02T03:04:05Z");

// A folder, and a secret beside it.
const outside = temporaryFolder();
const root = join(outside, "public");
await mkdir(join(root, "sub"), { recursive: true });
await mkdir(join(root, "empty"));
await mkdir(join(root, ".hidden"));
await mkdir(join(root, "odd", "index.html"), { recursive: true });
await mkdir(join(outside, "public-2"));
for (
  const [name, text] of [
    ["public/a.txt", TEXT],
    ["public/index.html", "<p>root"],
    ["public/sub/index.html", "<p>sub"],
    ["public/sub/caf\u00e9 100%.txt", "coffee"],
    ["public/none.bin", ""],
    ["public/app.js", "1"],
    ["public/cat.webp", "1"],
    ["public/.env", "secret"],
    ["public/.hidden/a.txt", "secret"],
    ["secret.txt", "secret"],
    ["a.txt", "secret"],
    ["public-2/secret.txt", "secret"],
  ] as const
) {
  await writeFile(join(outside, name), text);
}
await utimes(join(root, "a.txt"), DATE, DATE);
const links: [name: string, target: string][] = [
  ["inside.txt", "a.txt"],
  ["inside", "sub"],
  ["out.txt", "../secret.txt"],
  // There is an a.txt inside, too.
  ["other.txt", "../a.txt"],
  ["out", ".."],
  ["sibling", "../public-2"],
  ["absolute.txt", join(outside, "secret.txt")],
  ["env.txt", ".env"],
  ["hidden", ".hidden"],
  ["loop", "loop"],
  ["dangling", "nothing"],
  ["sub/up.txt", "../../secret.txt"],
];
for (const [name, target] of links) await symlink(target, join(root, name));
await mkdir(join(root, "linked"));
await symlink("../../secret.txt", join(root, "linked", "index.html"));
execFileSync("mkfifo", [join(root, "pipe")]);

const service = serveFolder("/files", root);
const IDLE_FILES = openFiles();
test.after(async () => {
  await service.close();
});

/** How many files and sockets this process has open. */
function openFiles(): number {
  return readdirSync("/dev/fd").length;
}

/** Resolves when none is open any more that was not so at the start. */
async function allClosed(): Promise<void> {
  await until(() => openFiles() <= IDLE_FILES);
}

function ask(
  target: string,
  request: Partial<HttpRequest> = {},
  signal = new AbortController().signal,
): Promise<HttpResponse> {
  return service.handler({ method: "GET", target, headers: [], body: null, ...request }, {
    signal,
    principal: { id: "phone", origin: "https://me.example" },
  });
}

function disposable(service: Service): Service & AsyncDisposable {
  return { ...service, [Symbol.asyncDispose]: () => service.close() };
}

async function textOf({ body }: HttpResponse): Promise<string> {
  return await new Response(body).text();
}

async function errorOf(response: HttpResponse): Promise<{ code: string; message: string }> {
  assert.equal(valuesOf(response.headers, "content-type"), ["application/json"]);
  return JSON.parse(await textOf(response)).error;
}

function field({ headers }: HttpResponse, name: string): string | undefined {
  return valuesOf(headers, name)[0];
}

test("GET sends a file with its type, length, date and tag", async () => {
  const response = await ask("/files/a.txt");
  assert.is(response.status, 200);
  assert.is(response.statusText, "OK");
  assert.is(field(response, "content-type"), "text/plain; charset=utf-8");
  assert.is(field(response, "content-length"), "10");
  assert.is(field(response, "accept-ranges"), "bytes");
  assert.is(field(response, "last-modified"), DATE.toUTCString());
  assert.match(field(response, "etag")!, /^W\/".+"$/);
  assert.is(field(response, "connection"), undefined);
  assert.is(await textOf(response), TEXT);
});

const types: [name: string, isDocument: boolean][] = [
  ["a.html", true],
  ["a.HTM", true],
  ["a.shtml", true],
  ["a.xhtml", true],
  ["a.xht", true],
  ["a.svg", true],
  ["a.svgz", true],
  ["a.xml", true],
  ["a.xsl", true],
  ["a.rdf", true],
  ["a.atom", true],
  ["a.mathml", true],
  ["a.xul", true],
  ["a.txt", false],
  ["a.js", false],
  ["a.css", false],
  ["a.json", false],
  ["a.png", false],
  ["a.pdf", false],
  ["a.mp4", false],
  ["a.zip", false],
  ["a.unknown", false],
  ["none", false],
];
for (const [name, isDocument] of types) {
  test(`GET ${name} is ${isDocument ? "" : "not "}sandboxed, and no browser guesses its type`, async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, name), "<p>hello");
    for (const scripts of [undefined, false, true]) {
      await using service = disposable(serveFolder("/files", folder, { scripts }));
      for (const method of ["GET", "HEAD"]) {
        const request = { method, target: `/files/${name}`, headers: [], body: null };
        const { signal } = new AbortController();
        const principal = { id: "phone", origin: "https://me.example" };
        const response = await service.handler(request, { signal, principal });
        await response.body?.cancel();
        assert.ok(field(response, "content-type"));
        assert.is(field(response, "x-content-type-options"), "nosniff");
        const policy = isDocument && !scripts ? "sandbox" : undefined;
        assert.is(field(response, "content-security-policy"), policy);
      }
    }
  });
}

test("no browser guesses the type of a folder's errors", async () => {
  for (
    const [target, request] of [
      ["/files/none", {}],
      ["/files/a.txt", { method: "POST" }],
      ["/files/a.txt", { headers: [["Range", "bytes=100-"]] }],
    ] as [string, Partial<HttpRequest>][]
  ) {
    assert.is(field(await ask(target, request), "x-content-type-options"), "nosniff");
  }
});

test("HEAD sends the same without the body", async () => {
  const [get, head] = [await ask("/files/a.txt"), await ask("/files/a.txt", { method: "HEAD" })];
  assert.is(head.body, null);
  assert.equal(head.headers, get.headers);
  await get.body!.cancel();
});

const found: [target: string, text: string, type: string][] = [
  ["/files/", "<p>root", "text/html; charset=utf-8"],
  ["/files/?a", "<p>root", "text/html; charset=utf-8"],
  ["/files/a.txt?a=/../b", TEXT, "text/plain; charset=utf-8"],
  ["/files/sub/", "<p>sub", "text/html; charset=utf-8"],
  ["/files/sub/index.html", "<p>sub", "text/html; charset=utf-8"],
  ["/files/sub/caf%C3%A9%20100%25.txt", "coffee", "text/plain; charset=utf-8"],
  ["/files/none.bin", "", "application/octet-stream"],
  ["/files/app.js", "1", "text/javascript; charset=utf-8"],
  ["/files/cat.webp", "1", "image/webp"],
  ["/files/inside.txt", TEXT, "text/plain; charset=utf-8"],
  ["/files/inside/", "<p>sub", "text/html; charset=utf-8"],
];
for (const [target, text, type] of found) {
  test(`GET ${target} is found`, async () => {
    const response = await ask(target);
    assert.is(response.status, 200);
    assert.is(field(response, "content-type"), type);
    assert.is(await textOf(response), text);
  });
}

const notFound = [
  "/files/nothing",
  "/files/nothing/",
  "/files/a.txt/",
  "/files/a.txt/b",
  "/files/empty/",
  "/files/odd/",
  "/files//",
  "/files//a.txt",
  "/files/sub//index.html",
  // Hidden.
  "/files/.env",
  "/files/%2eenv",
  "/files/.hidden/",
  "/files/.hidden/a.txt",
  "/files/env.txt",
  "/files/hidden/a.txt",
  "/files/./a.txt",
  // Out of the folder, by its path.
  "/files/../secret.txt",
  "/files/%2e%2e/secret.txt",
  "/files/..%2fsecret.txt",
  "/files/..%5csecret.txt",
  "/files/sub/../../secret.txt",
  "/files/sub%2f..%2f..%2fsecret.txt",
  "/files/%2fetc%2fpasswd",
  "/files/..",
  // Out of the folder, by a link.
  "/files/out.txt",
  "/files/other.txt",
  "/files/out/secret.txt",
  "/files/out/public/a.txt/../../secret.txt",
  "/files/sibling/secret.txt",
  "/files/absolute.txt",
  "/files/sub/up.txt",
  "/files/linked/",
  "/files/loop",
  "/files/dangling",
  // No file, and no path.
  "/files/pipe",
  "/files/a.txt%00",
  "/files/%",
  "/files/%ff",
  `/files/${"a".repeat(300)}`,
];
for (const target of notFound) {
  test(`GET ${target.slice(0, 40)} is not found`, async () => {
    const response = await ask(target);
    assert.is(response.status, 404);
    const { code, message } = await errorOf(response);
    assert.is(code, "not-found");
    assert.is(message, `Cannot find ${target}: there is no such file`);
  });
}

test("a link that stays inside by leaving and coming back is served", async () => {
  const response = await ask("/files/out/public/a.txt");
  assert.is(await textOf(response), TEXT);
});

const redirects: [prefix: string, target: string, location: string, worker?: string][] = [
  ["/files", "/files", "/files/"],
  ["/files", "/files?a=b?c", "/files/?a=b?c"],
  ["/files", "/files/sub", "/files/sub/"],
  ["/files", "/files/sub?a", "/files/sub/?a"],
  ["/files", "/files/inside", "/files/inside/"],
  ["/files", "/files/s%75b", "/files/s%75b/"],
  ["/", "/sub", "/sub/"],
  ["/", "/sub", "/local/sub/", "/local"],
  ["/files", "/files/sub", "/files/files/sub/", "/files"],
];
for (const [prefix, target, location, worker] of redirects) {
  test(`GET ${target} of ${prefix} leads to ${location}`, async () => {
    const service = serveFolder(prefix, root);
    const { signal } = new AbortController();
    const asked: HeaderField[] = worker === undefined ? [] : [["x-forwarded-prefix", worker]];
    const request: HttpRequest = { method: "GET", target, headers: asked, body: null };
    const { status, headers, body } = await service.handler(request, {
      signal,
      principal: { id: "phone", origin: "https://me.example" },
    });
    assert.is(status, 301);
    assert.equal(headers, [["location", location]]);
    assert.is(body, null);
    await service.close();
  });
}

for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"]) {
  test(`${method} is refused with what is allowed`, async () => {
    const response = await ask("/files/a.txt", { method });
    assert.is(response.status, 405);
    assert.is(field(response, "allow"), "GET, HEAD");
    assert.match((await errorOf(response)).message, `Cannot ${method} /files/a.txt`);
  });
}

const ranges: [range: string, status: number, text: string, contentRange?: string][] = [
  ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
  ["bytes=4-", 206, "456789", "bytes 4-9/10"],
  ["bytes=-2", 206, "89", "bytes 8-9/10"],
  ["bytes=8-99", 206, "89", "bytes 8-9/10"],
  ["bytes=0-0", 206, "0", "bytes 0-0/10"],
  ["bytes=0-1,4-5", 200, TEXT],
  ["lines=0-1", 200, TEXT],
];
for (const [range, status, text, contentRange] of ranges) {
  test(`Range: ${range} is answered with ${status}`, async () => {
    const response = await ask("/files/a.txt", { headers: [["Range", range]] });
    assert.is(response.status, status);
    assert.is(field(response, "content-range"), contentRange);
    assert.is(field(response, "content-length"), String(text.length));
    assert.is(await textOf(response), text);
  });
}

test("a range behind the file's end is refused with its length", async () => {
  const response = await ask("/files/a.txt", { headers: [["Range", "bytes=10-"]] });
  assert.is(response.status, 416);
  assert.is(field(response, "content-range"), "bytes */10");
  assert.equal(await errorOf(response), {
    code: "bad-request",
    message: "Cannot serve /files/a.txt: the range is not in it",
  });
});

test("conditions are answered as RFC 9110 §13 wants", async () => {
  const etag = field(await ask("/files/a.txt", { method: "HEAD" }), "etag")!;
  const later = new Date(DATE.getTime() + 1000).toUTCString();
  const earlier = new Date(DATE.getTime() - 1000).toUTCString();
  const cases: [headers: HeaderField[], status: number][] = [
    [[["If-None-Match", etag]], 304],
    [[["if-none-match", `"x", ${etag}`]], 304],
    [[["If-None-Match", '"x"']], 200],
    [[["If-Modified-Since", DATE.toUTCString()]], 304],
    [[["If-Modified-Since", earlier]], 200],
    [[["If-None-Match", '"x"'], ["If-Modified-Since", later]], 200],
    [[["If-None-Match", etag], ["Cache-Control", "no-cache"]], 200],
    [[["If-Match", '"x"']], 412],
    [[["If-Unmodified-Since", earlier]], 412],
    [[["If-Unmodified-Since", later]], 200],
    [[["Range", "bytes=0-1"], ["If-Range", DATE.toUTCString()]], 206],
    [[["Range", "bytes=0-1"], ["If-Range", earlier]], 200],
    [[["Range", "bytes=0-1"], ["If-Range", '"x"']], 200],
  ];
  for (const [headers, status] of cases) {
    const response = await ask("/files/a.txt", { headers });
    assert.is(response.status, status, JSON.stringify(headers));
    if (status === 304) assert.is(response.body, null);
    await response.body?.cancel();
  }
});

test("fields that are none of its business do not matter", async () => {
  const headers: HeaderField[] = [
    ["Content-Length", "5"],
    ["Transfer-Encoding", "chunked"],
    ["Expect", "100-continue"],
    ["Upgrade", "websocket"],
    ["Connection", "upgrade"],
    ["X-Long", "a".repeat(30_000)],
  ];
  assert.is(await textOf(await ask("/files/a.txt", { headers })), TEXT);
});

test("a large file streams, and stops where nobody reads", async () => {
  const bytes = randomBytes(32 * 1024 * 1024);
  await writeFile(join(root, "large.bin"), bytes);
  const received = new Uint8Array(await new Response((await ask("/files/large.bin")).body).bytes());
  assert.is(Buffer.compare(received, bytes), 0);

  const { body } = await ask("/files/large.bin");
  const before = process.memoryUsage().arrayBuffers;
  await sleep(200);
  const held = process.memoryUsage().arrayBuffers - before;
  assert.ok(held < 4 * 1024 * 1024, `${held} bytes are held`);
  await body!.cancel();
});

for (const how of ["abort", "cancel"] as const) {
  test(`${how} in the middle closes the file`, async () => {
    await allClosed();
    const stop = new AbortController();
    const { body } = await ask("/files/large.bin", {}, stop.signal);
    const reader = body!.getReader();
    await reader.read();
    assert.is(openFiles(), IDLE_FILES + 1);
    if (how === "cancel") await reader.cancel();
    else {
      stop.abort(new Error("the page is gone"));
      const error = await reader.read().then(() => assert.unreachable(), (error) => error);
      assert.is(error.message, "the page is gone");
    }
    await allClosed();
  });
}

test("a file that becomes shorter while it is sent ends with an error", async () => {
  const { body } = await ask("/files/large.bin");
  const reader = body!.getReader();
  await reader.read();
  await truncate(join(root, "large.bin"), 100);
  let error: unknown;
  try {
    while (!(await reader.read()).done);
  } catch (caught) {
    error = caught;
  }
  assert.is((error as { code?: string })?.code, "backend-failed");
});

test("2,000 requests leave nothing open", async () => {
  for (let i = 0; i < 2_000; i += 100) {
    await Promise.all(Array.from({ length: 100 }, async () => {
      assert.is(await textOf(await ask("/files/a.txt")), TEXT);
    }));
  }
  await allClosed();
});

test.run();
