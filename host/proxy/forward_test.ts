import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { freePort, listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import type { HeaderField, HttpRequest, HttpResponse } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { forwardTo } from "./forward.ts";
import type { Timeouts } from "./exchange.ts";

const test = suite("forward");

type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

interface Setup extends AsyncDisposable {
  /** Forwards a request. */
  send(request?: Partial<HttpRequest>, signal?: AbortSignal): Promise<HttpResponse>;
  /** `127.0.0.1:PORT` of the backend. */
  host: string;
}

/** A backend of one route, and a forwarder to it. */
async function setUp(
  route: Route,
  { prefix = "/", path = "", timeouts }: {
    prefix?: string;
    path?: string;
    timeouts?: Partial<Timeouts>;
  } = {},
): Promise<Setup> {
  const server = createServer((request, response) => void route(request, response));
  const { url, port, close } = await listen(server);
  const forwarder = forwardTo({ prefix, backend: new URL(url + path) }, { timeouts });
  return {
    host: `127.0.0.1:${port}`,
    send: (request = {}, signal = new AbortController().signal) =>
      forwarder.handler(
        { method: "GET", target: "/", headers: [], body: null, ...request },
        { signal, principal: { id: "phone", origin: "https://me.example" } },
      ),
    async [Symbol.asyncDispose]() {
      await forwarder.close();
      await close();
    },
  };
}

async function bytesOf(response: HttpResponse): Promise<Uint8Array> {
  return new Uint8Array(await new Response(response.body).arrayBuffer());
}

async function textOf(response: HttpResponse): Promise<string> {
  return new TextDecoder().decode(await bytesOf(response));
}

function valuesOf(headers: HeaderField[], name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
  test(`${method} arrives with its path, query and status`, async () => {
    await using backend = await setUp(({ method, url }, response) => {
      response.writeHead(202, "Taken", { "x-a": "1" }).end(`${method} ${url}`);
    });
    const response = await backend.send({ method, target: "/a%20b/c?d=%2F&e" });
    assert.is(response.status, 202);
    assert.is(response.statusText, "Taken");
    assert.equal(valuesOf(response.headers, "x-a"), ["1"]);
    assert.is(await textOf(response), `${method} /a%20b/c?d=%2F&e`);
  });
}

test("bodies arrive byte for byte both ways, with and without a length", async () => {
  await using backend = await setUp(async (request, response) => {
    const body = await buffer(request);
    response.setHeader("x-length", request.headers["content-length"] ?? "none");
    response.setHeader("x-sha256", createHash("sha256").update(body).digest("hex"));
    response.end(body);
  });
  const body = new Uint8Array(1_000_003).map((_, at) => (at * 31) ^ (at >> 8));
  const sha256 = createHash("sha256").update(body).digest("hex");
  for (const headers of [[], [["Content-Length", String(body.length)]]] as HeaderField[][]) {
    const response = await backend.send({
      method: "POST",
      headers,
      body: streamOf(body.subarray(0, 10), body.subarray(10, 500_000), body.subarray(500_000)),
    });
    assert.equal(valuesOf(response.headers, "x-length"), [String(body.length)]);
    assert.equal(valuesOf(response.headers, "x-sha256"), [sha256]);
    const received = await bytesOf(response);
    assert.is(Buffer.compare(received, body), 0);
  }
});

test("a body that is gzip stays so, with its fields", async () => {
  const zipped = gzipSync("hello ".repeat(1000));
  await using backend = await setUp((request, response) => {
    assert.is(request.headers["accept-encoding"], "gzip");
    response.writeHead(200, { "content-encoding": "gzip", "content-length": zipped.length });
    response.end(zipped);
  });
  const response = await backend.send({ headers: [["accept-encoding", "gzip"]] });
  assert.equal(valuesOf(response.headers, "content-encoding"), ["gzip"]);
  assert.equal(valuesOf(response.headers, "content-length"), [String(zipped.length)]);
  assert.is(gunzipSync(await bytesOf(response)).toString(), "hello ".repeat(1000));
});

test("fields keep their order, their case and their duplicates", async () => {
  const raw: string[] = [];
  await using backend = await setUp((request, response) => {
    raw.push(...request.rawHeaders);
    response.setHeader("X-Late", "caf\u00e9");
    response.setHeader("WWW-Authenticate", ["Basic", "Bearer"]);
    response.end();
  });
  const headers: HeaderField[] = [["X-One", "1"], ["x-two", ""], ["X-One", "2"], ["A", "\u00ff"]];
  const response = await backend.send({ headers });
  assert.equal(raw.slice(0, 10), ["Host", backend.host, ...headers.flat()]);
  assert.equal(response.headers.slice(0, 3), [
    ["X-Late", "caf\u00e9"],
    ["WWW-Authenticate", "Basic"],
    ["WWW-Authenticate", "Bearer"],
  ]);
});

test("fields of one hop are removed both ways, with those that Connection names", async () => {
  let received: IncomingMessage["headers"] = {};
  await using backend = await setUp((request, response) => {
    received = request.headers;
    response.writeHead(200, [
      ["Connection", "keep-alive, X-Answer-Hop"],
      ["Keep-Alive", "timeout=9"],
      ["X-Answer-Hop", "1"],
      ["Proxy-Authenticate", "Basic"],
      ["Trailer", "X-T"],
      ["Upgrade", "h2c"],
      ["X-Kept", "1"],
      ["Transfer-Encoding", "chunked"],
    ] as unknown as string[]);
    response.end("body");
  });
  const response = await backend.send({
    method: "POST",
    body: streamOf(new Uint8Array(3)),
    headers: [
      ["Host", "evil.example"],
      ["Connection", "close, X-Hop"],
      ["X-Hop", "1"],
      ["connection", " x-another-hop "],
      ["X-Another-Hop", "1"],
      ["Keep-Alive", "300"],
      ["TE", "trailers"],
      ["Trailer", "X-T"],
      ["Transfer-Encoding", "gzip, chunked"],
      ["Upgrade", "websocket"],
      ["Expect", "100-continue"],
      ["Proxy-Authorization", "Basic eDp5"],
      ["Proxy-Connection", "close"],
      ["X-Kept", "1"],
    ],
  });
  assert.equal(received, {
    host: backend.host,
    connection: "keep-alive",
    "x-kept": "1",
    "content-length": "3",
  });
  const names = response.headers.map(([name]) => name.toLowerCase()).filter((name) =>
    name !== "date"
  );
  assert.equal(names, ["x-kept"]);
  assert.is(await textOf(response), "body");
});

for (const [method, status] of [["HEAD", 200], ["GET", 204], ["GET", 304], ["GET", 205]] as const) {
  test(`the answer ${status} to ${method} has no body`, async () => {
    await using backend = await setUp((_request, response) => {
      response.writeHead(status, { etag: '"1"', ...method === "HEAD" && { "content-length": 9 } });
      response.end();
    });
    const response = await backend.send({ method });
    assert.is(response.status, status);
    assert.is(response.body, null);
    assert.equal(valuesOf(response.headers, "etag"), ['"1"']);
    if (method === "HEAD") assert.equal(valuesOf(response.headers, "content-length"), ["9"]);
    // The connection is of use afterwards.
    assert.is((await backend.send({ method })).status, status);
  });
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect ${status} is passed on, not followed`, async () => {
    let requests = 0;
    await using backend = await setUp((_request, response) => {
      requests++;
      response.writeHead(status, { location: "http://127.0.0.1:1/elsewhere" }).end("moved");
    });
    const response = await backend.send();
    assert.is(response.status, status);
    assert.equal(valuesOf(response.headers, "location"), ["http://127.0.0.1:1/elsewhere"]);
    assert.is(await textOf(response), "moved");
    assert.is(requests, 1);
  });
}

test("a redirect that leads out is answered with a 502, and its body is given up", async () => {
  const closed = Promise.withResolvers<void>();
  await using backend = await setUp((_request, response) => {
    response.on("close", closed.resolve);
    response.writeHead(307, { location: "../admin?token=1" }).write("a body that does not end");
  }, { prefix: "/notes", path: "/api" });
  const response = await backend.send({ method: "POST", target: "/notes/a" });
  assert.is(response.status, 502);
  assert.equal(valuesOf(response.headers, "location"), []);
  assert.equal(JSON.parse(await textOf(response)).error, {
    code: "bad-redirect",
    message: `The backend redirects to http://${backend.host}/admin, but the service /notes ` +
      `offers only what is under http://${backend.host}/api`,
  });
  await closed.promise;
});

test("slashes and encoded characters of a path arrive as they are", async () => {
  await using backend = await setUp(({ url }, response) => void response.end(url), {
    prefix: "/notes",
  });
  for (const path of ["//", "//x", "//evil.example//y//?a=//b", "/a%2Fb%7e%252e/x%20"]) {
    assert.is(await textOf(await backend.send({ target: `/notes${path}` })), path);
  }
});

test("a 404 and a 500 of the backend are its own", async () => {
  await using backend = await setUp(({ url }, response) => {
    response.writeHead(Number(url!.slice(1))).end("mine");
  });
  for (const status of [404, 500]) {
    const response = await backend.send({ target: `/${status}` });
    assert.is(response.status, status);
    assert.is(await textOf(response), "mine");
  }
});

test("an answer streams: its first part is there before the backend goes on", async () => {
  const goOn = Promise.withResolvers<void>();
  await using backend = await setUp(async (_request, response) => {
    response.write("first");
    await goOn.promise;
    response.end("second");
  });
  const { body } = await backend.send();
  const reader = body!.getReader();
  assert.is(new TextDecoder().decode((await reader.read()).value), "first");
  goOn.resolve();
  assert.is(new TextDecoder().decode((await reader.read()).value), "second");
  assert.is((await reader.read()).done, true);
});

test("an answer that nobody reads stops the backend", async () => {
  let written = 0;
  const full = Promise.withResolvers<void>();
  await using backend = await setUp((_request, response) => {
    const chunk = new Uint8Array(64 * 1024);
    const write = () => {
      // Whoever takes it all takes 256 MiB.
      while (written < 4096) {
        written++;
        if (!response.write(chunk)) {
          setTimeout(full.resolve, 500);
          response.once("drain", write);
          return;
        }
      }
      full.resolve();
    };
    write();
  });
  const { body } = await backend.send();
  await full.promise;
  assert.ok(written < 1024, `${written * 64} KiB were written`);
  await body!.cancel();
});

test("a request of known length streams: the backend has its first part before the page sends the second", async () => {
  const arrived = Promise.withResolvers<string>();
  await using backend = await setUp((request, response) => {
    request.once("data", (data) => arrived.resolve(String(data)));
    request.on("end", () => response.end("done"));
  });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const headers: HeaderField[] = [["Content-Length", "11"]];
  const sent = backend.send({ method: "POST", headers, body: readable });
  await writer.write(new TextEncoder().encode("first"));
  assert.is(await arrived.promise, "first");
  await writer.write(new TextEncoder().encode("second"));
  await writer.close();
  assert.is(await textOf(await sent), "done");
});

test("an answer that comes while the body is still being sent is passed on", async () => {
  await using backend = await setUp((_request, response) => {
    response.writeHead(413, { connection: "close" }).end("too large");
  });
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise(setImmediate);
      if (sent++ < 100_000) controller.enqueue(new Uint8Array(1024));
      else controller.close();
    },
  });
  const headers: HeaderField[] = [["Content-Length", "102400000"]];
  const response = await backend.send({ method: "POST", headers, body: endless });
  assert.is(response.status, 413);
  assert.is(await textOf(response), "too large");
  assert.ok(sent < 100_000, "the rest was not asked for");
});

test("a request's body that fails ends the request at the backend", async () => {
  const began = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  await using backend = await setUp((request) => {
    request.on("error", () => {});
    request.on("close", closed.resolve);
    request.once("data", () => began.resolve());
  });
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    async pull(controller) {
      await began.promise;
      controller.error(new Error("the page went away"));
    },
  });
  const headers: HeaderField[] = [["Content-Length", "99"]];
  const error = await failureOf(backend.send({ method: "POST", headers, body }));
  assert.is(error.message, "the page went away");
  assert.is(error.code, "aborted");
  await closed.promise;
});

test("a backend that is down is a 502 that says so", async () => {
  const port = await freePort();
  const forwarder = forwardTo({ prefix: "/", backend: new URL(`http://127.0.0.1:${port}`) });
  const response = await forwarder.handler(
    { method: "GET", target: "/", headers: [], body: null },
    {
      signal: new AbortController().signal,
      principal: { id: "phone", origin: "https://me.example" },
    },
  );
  assert.is(response.status, 502);
  assert.equal(valuesOf(response.headers, "content-type"), ["application/json"]);
  const text = await textOf(response);
  assert.equal(valuesOf(response.headers, "content-length"), [String(text.length)]);
  const { error } = JSON.parse(text);
  assert.is(error.code, "backend-unreachable");
  assert.match(error.message, `http://127.0.0.1:${port} does not answer: is it running?`);
  await forwarder.close();
});

test("a backend that does not answer in time is a 504 that says so", async () => {
  await using backend = await setUp(() => {}, { timeouts: { head: 100 } });
  const response = await backend.send();
  assert.is(response.status, 504);
  assert.is(response.statusText, "Gateway Timeout");
  const { error } = JSON.parse(await textOf(response));
  assert.is(error.code, "backend-timeout");
  assert.match(error.message, "has not answered for 0.1 s");
});

const broken: [what: string, answer: string][] = [
  ["closes without an answer", ""],
  ["speaks no HTTP", "SSH-2.0-OpenSSH_9.9\r\n"],
  ["cuts its head off", "HTTP/1.1 200 OK\r\nContent-Le"],
];
for (const [what, answer] of broken) {
  test(`a backend that ${what} is a 502`, async () => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(answer));
    });
    await using backend = await listen(server);
    const forwarder = forwardTo({ prefix: "/", backend: new URL(backend.url) });
    const response = await forwarder.handler(
      { method: "GET", target: "/", headers: [], body: null },
      {
        signal: new AbortController().signal,
        principal: { id: "phone", origin: "https://me.example" },
      },
    );
    assert.is(response.status, 502);
    assert.is(JSON.parse(await textOf(response)).error.code, "backend-failed");
    await forwarder.close();
  });
}

test("an answer that is cut off in its body ends with an error, not as if it were whole", async () => {
  await using backend = await setUp((_request, response) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write("part", () => response.destroy());
  });
  const response = await backend.send();
  assert.is(response.status, 200);
  await failureOf(textOf(response));
});

test("abort before the answer aborts the backend's request and rejects", async () => {
  const began = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  await using backend = await setUp((_request, response) => {
    response.on("close", closed.resolve);
    began.resolve();
  });
  const stop = new AbortController();
  const sent = failureOf(backend.send({}, stop.signal));
  await began.promise;
  stop.abort(new Error("the page went away"));
  assert.is((await sent).code, "aborted");
  await closed.promise;
});

test("abort in the middle of the answer aborts the backend's request and errors the body", async () => {
  const closed = Promise.withResolvers<void>();
  await using backend = await setUp((_request, response) => {
    response.on("close", closed.resolve);
    response.write("first");
  });
  const stop = new AbortController();
  const { body } = await backend.send({}, stop.signal);
  const reader = body!.getReader();
  await reader.read();
  stop.abort();
  await failureOf(reader.read());
  await closed.promise;
});

test("a reader that cancels the answer aborts the backend's request", async () => {
  const closed = Promise.withResolvers<void>();
  await using backend = await setUp((_request, response) => {
    response.on("close", closed.resolve);
    response.write("first");
  });
  const { body } = await backend.send();
  await body!.cancel();
  await closed.promise;
});

test("close() aborts what is under way", async () => {
  const began = Promise.withResolvers<void>();
  await using backend = await listen(createServer(() => began.resolve()));
  const forwarder = forwardTo({ prefix: "/", backend: new URL(backend.url) });
  const sent = forwarder.handler(
    { method: "GET", target: "/", headers: [], body: null },
    {
      signal: new AbortController().signal,
      principal: { id: "phone", origin: "https://me.example" },
    },
  );
  const failed = failureOf(sent);
  await began.promise;
  await forwarder.close();
  assert.is((await failed).code, "closed");
});

for (const method of ["CONNECT", "TRACE", "TRACK", "connect", "Trace"]) {
  test(`${method} is refused, whatever it asks for`, async () => {
    await using backend = await setUp(() => assert.unreachable("it reached the backend"));
    const error = await failureOf(backend.send({ method, target: "/" }));
    assert.is(error.code, "bad-request");
  });
}

const ambiguous: [what: string, headers: HeaderField[], body: string | null][] = [
  ["two lengths", [["Content-Length", "3"], ["Content-Length", "5"]], "abc"],
  ["the same length twice", [["Content-Length", "3"], ["content-length", "3"]], "abc"],
  ["a list of lengths", [["Content-Length", "3, 3"]], "abc"],
  ["a length with a sign", [["Content-Length", "+3"]], "abc"],
  ["a length in hex", [["Content-Length", "0x3"]], "abc"],
  ["a length with a space", [["Content-Length", "3 "]], "abc"],
  ["an empty length", [["Content-Length", ""]], "abc"],
  ["a length that no number holds", [["Content-Length", "9".repeat(16)]], "abc"],
  ["both a length and chunks", [["Content-Length", "3"], ["Transfer-Encoding", "chunked"]], "abc"],
  ["a length without a body", [["Content-Length", "3"]], null],
  [
    "lengths that Connection names",
    [["Content-Length", "3"], ["Content-Length", "5"], ["Connection", "content-length"]],
    "abc",
  ],
];
for (const [what, headers, text] of ambiguous) {
  test(`${what} may hide another request, and does not reach the backend`, async () => {
    await using backend = await setUp(() => assert.unreachable("it reached the backend"));
    const body = text && new Blob([text]).stream();
    const error = await failureOf(backend.send({ method: "POST", headers, body: body || null }));
    assert.is(error.code, "bad-request");
  });
}

test("Transfer-Encoding of a page is not its body's: the body arrives with its length", async () => {
  await using backend = await setUp(async (request, response) => {
    assert.is(request.headers["transfer-encoding"], undefined);
    response.end(`${request.headers["content-length"]} ${await buffer(request)}`);
  });
  const headers: HeaderField[] = [["Transfer-Encoding", "gzip"]];
  const body = new Blob(["abc"]).stream();
  assert.is(await textOf(await backend.send({ method: "POST", headers, body })), "3 abc");
});

const badHeaders: [what: string, headers: HeaderField[]][] = [
  ["a value with CR LF", [["x", "1\r\nHost: evil.example"]]],
  ["a value with LF", [["x", "1\nx: 2"]]],
  ["a value with NUL", [["x", "1\0"]]],
  ["a name with CR LF", [["x\r\ny", "1"]]],
  ["a name with a space", [["x y", "1"]]],
  ["an empty name", [["", "1"]]],
  ["a value beyond Latin-1", [["x", "\u0416"]]],
  ["a length that is no number", [["content-length", "many"]]],
];
for (const [what, headers] of badHeaders) {
  test(`a header of ${what} is refused, and does not reach the backend`, async () => {
    await using backend = await setUp(() => assert.unreachable("it reached the backend"));
    const error = await failureOf(backend.send({ headers }));
    assert.is(error.code, "bad-request");
  });
}

test("a body of another length than its field says is refused", async () => {
  await using backend = await setUp((request, response) => {
    request.on("error", () => {});
    request.resume().on("end", () => response.end());
  });
  const error = await failureOf(backend.send({
    method: "POST",
    headers: [["content-length", "5"]],
    body: streamOf(new Uint8Array(3)),
  }));
  assert.is(error.code, "bad-request");
});

test("a target that leads out never reaches the backend, and one under its path does", async () => {
  const paths: string[] = [];
  await using backend = await setUp(({ url }, response) => {
    paths.push(url!);
    response.end();
  }, { path: "/api/" });
  for (const target of ["/../admin", "/%2e%2e/admin", "/..%2fadmin"]) {
    assert.is((await failureOf(backend.send({ target }))).code, "bad-request");
  }
  await backend.send({ target: "/notes?x=../.." });
  assert.equal(paths, ["/api/notes?x=../.."]);
});

test("a login works: its cookie stays here, its redirect leads on through the tunnel", async () => {
  await using backend = await setUp(({ url, headers }, response) => {
    if (url === "/app/login") {
      response.setHeader("Set-Cookie", "session=s3cret; Path=/app; HttpOnly; Secure");
      response.writeHead(303, { location: `http://${headers.host}/app/home?a#b` }).end();
    } else {
      response.end(`${url} ${headers.cookie}`);
    }
  }, { prefix: "/notes", path: "/app" });
  const login = await backend.send({ method: "POST", target: "/notes/login" });
  assert.is(login.status, 303);
  assert.equal(valuesOf(login.headers, "set-cookie"), []);
  assert.equal(valuesOf(login.headers, "location"), ["/notes/home?a#b"]);
  const home = await backend.send({ target: "/notes/home?a", headers: [["Cookie", "mine=1"]] });
  assert.is(await textOf(home), "/app/home?a session=s3cret");
});

test.run();
