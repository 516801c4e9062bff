// The development relay with real WebSockets: the core decides, so these tests are about its server.
import { createServer } from "node:http";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { formatProtocols, formatSendSignal, makeAdmission, toBase64url } from "../../wire/mod.ts";
import { RelaySocket } from "../signalling/relay_socket.ts";
import { DevRelay, type DevRelayOptions } from "./relay.ts";

const test = suite("relay of dev");

const ORIGIN = "http://localhost:4600";
const never = new AbortController().signal;

/** A relay behind a server. */
async function startRelay(options: Partial<DevRelayOptions> = {}) {
  await using stack = new AsyncDisposableStack();
  const relay = stack.use(new DevRelay({ origins: () => [ORIGIN], ...options }));
  const server = createServer();
  server.on("upgrade", (request, stream, head) => void relay.accept(request, stream, head));
  const { port } = stack.use(await listen(server));
  const url = new URL(`ws://127.0.0.1:${port}/`);
  const parts = stack.move();
  return { relay, url, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** A page's handshake. @returns Its status: 101 if it is open. */
async function knock(url: URL, protocols: string[], origin = ORIGIN): Promise<number> {
  const socket = new WebSocket(url, protocols, { origin });
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on("open", () => resolve(101));
  socket.on("unexpected-response", (_request, { statusCode }) => resolve(statusCode!));
  socket.on("error", () => {});
  return await promise.finally(() => socket.terminate());
}

/** A registered host. */
async function register(
  { relay, url }: Awaited<ReturnType<typeof startRelay>>,
  admission?: string,
): Promise<RelaySocket> {
  const socket = await RelaySocket.open(url, never);
  await (await relay.registry.read(never)).replace(socket.connectionId, never, admission);
  return socket;
}

test("a page's message reaches the registered host, and the host's answer the page", async () => {
  await using at = await startRelay();
  const host = await register(at);
  assert.is(host.knowsAdmissions, true);
  host.listeners.add((message) => {
    if (message.kind === "signal") host.send({ type: "probe", nonce: "answer" }, message.from);
  });
  const page = new WebSocket(at.url, formatProtocols({ host: "laptop" }), { origin: ORIGIN });
  const answer = new Promise((resolve) => page.on("message", (data) => resolve(String(data))));
  page.on(
    "open",
    () => page.send(formatSendSignal({ data: { type: "probe", nonce: "question" } })),
  );
  assert.equal(JSON.parse(await answer as string), { data: { type: "probe", nonce: "answer" } });
  page.terminate();
  host.close();
});

test("without a host, a page is told so", async () => {
  await using at = await startRelay();
  const page = new WebSocket(at.url, formatProtocols({ host: "laptop" }), { origin: ORIGIN });
  const answer = new Promise((resolve) => page.on("message", (data) => resolve(String(data))));
  page.on("open", () => page.send(formatSendSignal({ data: {} as never })));
  assert.is(JSON.parse(await answer as string).error.code, "host-offline");
  page.terminate();
});

test("pages of other origins, and strangers of a host with a key, are refused", async () => {
  await using at = await startRelay();
  const protocols = formatProtocols({ host: "laptop" });
  assert.is(await knock(at.url, protocols, "https://evil.example"), 403);
  assert.is(await knock(at.url, protocols), 101);
  const key = toBase64url(crypto.getRandomValues(new Uint8Array(32)));
  const host = await register(at, key);
  assert.is(await knock(at.url, protocols), 401);
  const value = await makeAdmission(key, "laptop", Math.floor(Date.now() / 1000) + 600);
  assert.is(await knock(at.url, formatProtocols({ host: "laptop", value })), 101);
  host.close();
});

test("the hundred and first connection is refused", async () => {
  await using at = await startRelay();
  const sockets = Array.from({ length: 100 }, () => new WebSocket(at.url));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on("open", resolve))));
  assert.is(at.relay.size, 100);
  assert.is(await knock(at.url, []), 429);
  for (const socket of sockets) socket.terminate();
  await until(() => at.relay.size === 0);
  assert.is(await knock(at.url, []), 101);
});

test("a message that is too long ends its connection", async () => {
  await using at = await startRelay();
  const socket = new WebSocket(at.url);
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => {});
  socket.on("open", () => socket.send("x".repeat(33 * 1024)));
  await closed;
  await until(() => at.relay.size === 0);
});

test("a silent page is closed, and the registered host is not", async () => {
  await using at = await startRelay({ times: { heartbeat: 10, idle: 30 } });
  const host = await register(at);
  const page = new WebSocket(at.url);
  await new Promise((resolve) => page.on("close", resolve));
  await until(() => at.relay.size === 1);
  assert.is(host.isOpen, true);
  host.close();
});

test("a client that answers no ping is closed", async () => {
  await using at = await startRelay({ times: { heartbeat: 20, idle: 60_000 } });
  const socket = new WebSocket(at.url, { autoPong: false });
  await new Promise((resolve) => socket.on("close", resolve));
});

test.run();
