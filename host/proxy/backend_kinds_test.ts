// Backends of the kinds that settings can name: behind Unix sockets, with certificates of their own, with
// passwords. HTTP requests and WebSockets reach them in the same way.
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import { type Certificate, createCertificate } from "../../tools/testing/certificate.ts";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { type HeaderField, openWebSocket, serveRequest } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import type { Principal } from "../access/principal.ts";
import type { BackendConfig } from "../config/service_config.ts";
import { startRawBackend } from "../testing/raw_backend.ts";
import { Services } from "./services.ts";
import { Sockets } from "./websocket.ts";

const test = suite("backend_kinds");

const folder = temporaryFolder();
const PHONE: Principal = { id: "phone", name: "phone", origin: "https://me.example" };

/** Asks a backend by HTTP and by WebSocket. */
async function connectTo(config: Omit<BackendConfig, "prefix">, principal = PHONE) {
  const services = Services.start([{ prefix: "/", ...config }]);
  const sockets = new Sockets(services);
  const { page, host } = await connectSessions({
    host: {
      onStream: (stream) =>
        void serveRequest(
          stream,
          () => Promise.reject(new Error("no WebSocket")),
          (request, opened) => sockets.serve(request, opened, principal),
        ),
    },
  });
  const { signal } = new AbortController();
  return {
    services,
    async get(headers: HeaderField[] = [], target = "/a?b") {
      const request = { method: "GET", target, headers, body: null };
      const { status, body } = await services.handler(request, { signal, principal });
      return { status, text: await new Response(body).text() };
    },
    open: (headers: HeaderField[] = []) =>
      openWebSocket(page, { target: "/a?b", headers, protocols: [] }, signal),
    async [Symbol.asyncDispose]() {
      page.close();
      await host.closed;
      await sockets.close();
      await services.close();
    },
  };
}

/** What the backends received: path, Host and Authorization of each request. */
type Seen = (string | undefined)[][];

/** Makes a server answer requests and WebSockets; 401 unless the credentials are right. */
function serve(server: Server, seen: Seen, password?: string): void {
  const sockets = new WebSocketServer({ noServer: true });
  const answer: RequestListener = ({ url, headers }, response) => {
    seen.push([url, headers.host, headers.authorization]);
    const isRight = !password || headers.authorization === password;
    response.writeHead(isRight ? 200 : 401, { "www-authenticate": "Basic" });
    response.end(isRight ? "in" : "out");
  };
  server.on("request", answer).on("upgrade", (request, socket, head) => {
    const { url, headers } = request;
    seen.push([url, headers.host, headers.authorization]);
    if (password && headers.authorization !== password) {
      return socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    }
    sockets.handleUpgrade(request, socket, head, (opened) => opened.close());
  });
}

test("a backend behind a Unix socket gets requests and WebSockets", async () => {
  const socketPath = join(folder, "app.sock");
  const seen: Seen = [];
  const server = createServer();
  serve(server, seen);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  await using backend = await connectTo({ backend: new URL("http://localhost/api"), socketPath });
  assert.equal(await backend.get(), { status: 200, text: "in" });
  await backend.open();
  assert.equal(seen, Array(2).fill(["/api/a?b", "localhost", undefined]));
  server.close();
});

test("a Unix socket where nobody listens is said by its name", async () => {
  const socketPath = join(folder, "none.sock");
  await using backend = await connectTo({ backend: new URL("http://localhost"), socketPath });
  const { status, text } = await backend.get();
  assert.is(status, 502);
  const message = `The backend unix:${socketPath} does not answer: is it running?`;
  assert.equal(JSON.parse(text).error, { code: "backend-unreachable", message });
  const { code, message: shown } = await failureOf(backend.open());
  assert.equal([code, shown], ["backend-unreachable", message]);
});

const authority = createCertificate({ isAuthority: true });
const own = createCertificate();
const ofBox = createCertificate({ names: ["box.lan"] });
const signed = createCertificate({ issuer: authority });
const signedForBox = createCertificate({ issuer: authority, names: ["box.lan"] });
const expired = createCertificate({ until: new Date(Date.now() - 1000) });

const UNTRUSTED =
  /certificate comes from no authority that the host trusts for it\. Give .*ca=FILE.*insecure$/;

const certificates: [
  what: string,
  certificate: Certificate,
  tls: BackendConfig["tls"],
  message: RegExp | undefined,
][] = [
  ["of its own", own, undefined, UNTRUSTED],
  ["of its own that is given", own, { ca: own.cert }, undefined],
  ["of its own, insecurely", own, { insecure: true }, undefined],
  ["of its own for another name that is given", ofBox, { ca: ofBox.cert }, undefined],
  ["of its own beside another's", ofBox, { ca: authority.cert + ofBox.cert }, undefined],
  ["of its own where another is given", own, { ca: ofBox.cert }, UNTRUSTED],
  ["signed by an unknown authority", signed, undefined, UNTRUSTED],
  ["signed by the given authority", signed, { ca: authority.cert }, undefined],
  ["signed by an authority that is given itself", signed, { ca: signed.cert }, undefined],
  [
    "signed by the given authority for another name",
    signedForBox,
    { ca: authority.cert },
    /certificate is for DNS:box\.lan\. Use that name in the URL, or give .* ca=FILE/,
  ],
  [
    "that has expired",
    expired,
    { ca: expired.cert },
    /its certificate has expired. Renew it, or give the service insecure$/,
  ],
  ["that has expired, insecurely", expired, { insecure: true }, undefined],
];
for (const [what, { cert, key }, tls, message] of certificates) {
  test(`a certificate ${what} is ${message ? "refused, with the cure" : "taken"}`, async () => {
    const seen: Seen = [];
    const server = createHttpsServer({ cert, key });
    serve(server, seen);
    await using listening = await listen(server);
    const url = new URL(`https://127.0.0.1:${listening.port}`);
    await using backend = await connectTo({ backend: url, tls });
    const { status, text } = await backend.get();
    if (message) {
      assert.is(status, 502);
      assert.is(JSON.parse(text).error.code, "backend-failed");
      assert.match(JSON.parse(text).error.message, message);
      // Only the beginning fits into the wire.
      const { message: shown } = await failureOf(backend.open());
      assert.ok(JSON.parse(text).error.message.startsWith(shown.replace(/…$/, "")), shown);
      assert.equal(seen, []);
    } else {
      assert.equal([status, text], [200, "in"]);
      await backend.open();
      assert.equal(seen, Array(2).fill(["/a?b", url.host, undefined]));
    }
  });
}

test("a backend that does not speak https is told from others", async () => {
  await using listening = await listen(createTcpServer((socket) => {
    socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n");
  }));
  const url = new URL(`https://127.0.0.1:${listening.port}`);
  await using backend = await connectTo({ backend: url });
  const { status, text } = await backend.get();
  assert.is(status, 502);
  assert.match(JSON.parse(text).error.message, "it does not speak https. Give its URL with http:");
});

test("the configured Authorization goes to requests and WebSockets that have none", async () => {
  const seen: Seen = [];
  const server = createServer();
  serve(server, seen, "Basic configured");
  await using listening = await listen(server);
  await using backend = await connectTo({
    backend: new URL(listening.url),
    authorization: "Basic configured",
  });
  assert.equal(await backend.get(), { status: 200, text: "in" });
  await backend.open();
  const headers: HeaderField[] = [["authorization", "Basic own"]];
  assert.is((await backend.get(headers)).status, 401);
  assert.match((await failureOf(backend.open(headers))).message, "401");
  assert.equal(seen.map(([, , value]) => value), [
    "Basic configured",
    "Basic configured",
    "Basic own",
    "Basic own",
  ]);
});

test("credentials to remember serve later requests and WebSockets of the device, until a 401", async () => {
  let seen: Seen = [];
  const server = createServer();
  serve(server, seen, "Basic right");
  await using listening = await listen(server);
  const config = { backend: new URL(listening.url) };
  await using backend = await connectTo(config);
  const { signal } = new AbortController();
  const given = (value: string): HeaderField[] => [
    ["authorization", value],
    ["lighthouse-remember", "authorization"],
  ];
  assert.is((await backend.get(given("Basic wrong"))).status, 401);
  assert.is((await backend.get()).status, 401);
  assert.is((await backend.get(given("Basic right"))).status, 200);
  assert.is((await backend.get()).status, 200);
  await backend.open();
  const request = { method: "GET", target: "/", headers: [], body: null };
  const tablet = { ...PHONE, id: "tablet", name: "tablet" };
  const other = await backend.services.handler(request, { signal, principal: tablet });
  assert.is(other.status, 401);
  backend.services.forget("phone");
  assert.is((await backend.get()).status, 401);
  const right = "Basic right";
  assert.equal(seen.map(([, , value]) => value), [
    "Basic wrong",
    undefined,
    right,
    right,
    right,
    undefined,
    undefined,
  ]);

  seen = [];
  await backend.get(given("Basic right"));
  server.removeAllListeners("request").removeAllListeners("upgrade");
  serve(server, seen, "Basic changed");
  assert.match((await failureOf(backend.open())).message, "401");
  assert.is((await backend.get()).status, 401);
  assert.equal(seen.map(([, , value]) => value), ["Basic right", undefined]);
});

test("a WebSocket's handshake is read as browsers read it", async () => {
  const accept = "HTTP/1.1 101 Switching\nUpgrade: websocket\nConnection: Upgrade\n" +
    `X: ${"x".repeat(50_000)}\nSec-WebSocket-Accept: `;
  await using raw = await startRawBackend(async (received, socket) => {
    const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(received) ?? [];
    if (!received.endsWith("\r\n\r\n")) return;
    const bytes = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    const digest = Buffer.from(await crypto.subtle.digest("SHA-1", bytes)).toString("base64");
    socket.write(`${accept}${digest}\n\n`);
  });
  await using backend = await connectTo({ backend: raw.url });
  await backend.open();
});

for (const [bytes, status] of [[59 * 1024, 200], [61 * 1024, 502], [70_000, 502]] as const) {
  test(`an answer's header of ${bytes} bytes is ${status}`, async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "x": "x".repeat(bytes) }).end("in");
    });
    await using listening = await listen(server);
    await using backend = await connectTo({ backend: new URL(listening.url) });
    const answer = await backend.get();
    assert.is(answer.status, status);
    if (status === 200) return assert.is(answer.text, "in");
    assert.match(JSON.parse(answer.text).error.message, /head of its answer is larger than 60 KiB/);
  });
}

test("a header whose JSON is larger than 60 KiB is a 502, too", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "x": "\u00e9".repeat(31 * 1024) }).end("in");
  });
  await using listening = await listen(server);
  await using backend = await connectTo({ backend: new URL(listening.url) });
  assert.is((await backend.get()).status, 502);
});

test.run();
