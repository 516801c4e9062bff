// One device takes all that it can over real WebRTC: it stays within its part, another device's requests
// go on, and all is given back when it is gone.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import * as assert from "uvu/assert";
import { type WebSocket, WebSocketServer } from "ws";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { openWebSocket, sendRequest, type Session } from "../../wire/mod.ts";
import { pattern } from "../../wire/testing/bytes.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { Memory } from "../access/memory.ts";
import type { Principal } from "../access/principal.ts";
import { Services } from "../proxy/services.ts";
import { Sockets } from "../proxy/websocket.ts";
import { TestPage } from "../testing/page.ts";
import { answerOffer, endPeers } from "./peer.ts";
import { parseOffer } from "./sdp.ts";
import { Sessions } from "./sessions.ts";

const test = suite("budgets", { deadline: 60_000 });

const KiB = 1024;
const MiB = 1024 * KiB;
const ORIGIN = "https://me.example";
const THIEF: Principal = { id: "thief", name: "thief", origin: ORIGIN };
const PHONE: Principal = { id: "phone", name: "phone", origin: ORIGIN };
const PROOF = pattern(32, 7);
const { signal } = new AbortController();

/** What a device may hold, and some slack for what is counted a little later. */
const OF_DEVICE = 32 * MiB;

interface Backend {
  /** Requests under way, by their path. */
  open: Map<ServerResponse, string>;
  /** Paths in the order of their beginning. */
  seen: string[];
  sockets: Set<WebSocket>;
}

/** A host and a backend that is slow, endless or talkative. @param tabs Further pages of the phone. */
async function setUp(tabs = 0) {
  await using stack = new AsyncDisposableStack();
  const backend: Backend = { open: new Map(), seen: [], sockets: new Set() };
  const server = createServer(
    { maxHeaderSize: 64 * KiB },
    (request, response) => answer(backend, request, response),
  );
  const socketServer = new WebSocketServer({ server, maxPayload: 32 * MiB });
  socketServer.on("connection", (socket, { url }) => {
    backend.sockets.add(socket);
    socket.on("error", () => {});
    if (url === "/huge") { for (let i = 0; i < 4; i++) socket.send(new Uint8Array(15 * MiB)); }
  });
  const { url } = stack.use(await listen(server));
  stack.defer(() => {
    for (const socket of backend.sockets) socket.terminate();
  });

  const memory = new Memory();
  const services = Services.start([{ prefix: "/", backend: new URL(url) }], { memory });
  const sockets = new Sockets(services, { memory });
  const sessions = new Sessions({
    handler: services.handler,
    onWebSocket: (...args) => sockets.serve(...args),
    memory,
    log: () => {},
  });
  stack.defer(async () => {
    await Promise.all([sockets.close(), sessions.close()]);
    await services.close();
  });

  const connect = async (principal: Principal): Promise<Session> => {
    const page = await TestPage.connect(async (sdp) => {
      const peer = answerOffer(parseOffer(sdp), { ice: { iceServers: [] } });
      peer.channel.then((channel) =>
        sessions.take(channel, { local: "host", remote: "host" }, { principal, proof: PROOF })
      ).catch(() => {});
      return { sdp: await peer.answer, proof: PROOF };
    });
    stack.defer(() => page.close());
    const session = await page.startSession();
    stack.defer(() => session.close());
    return session;
  };
  const [thief, phone] = [await connect(THIEF), await connect(PHONE)];
  const pages: Session[] = [];
  while (pages.length < tabs) pages.push(await connect(PHONE));
  const parts = stack.move();
  return {
    backend,
    memory,
    sockets,
    thief,
    phone,
    pages,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function answer({ open, seen }: Backend, request: IncomingMessage, response: ServerResponse) {
  const path = request.url!;
  seen.push(path);
  if (path === "/small") return void response.end("ok");
  if (path === "/slow") {
    // It reads nothing until all that the windows allow has come, or much of it.
    setTimeout(() => request.resume(), 1500);
    request.on("end", () => response.end("ok"));
    return;
  }
  open.set(response, path);
  response.on("close", () => open.delete(response));
  if (path !== "/endless") return;
  const chunk = new Uint8Array(64 * KiB);
  const write = () => {
    while (response.write(chunk));
    response.once("drain", write);
  };
  write();
}

async function get(session: Session, target: string): Promise<string> {
  const { body } = await sendRequest(session, { method: "GET", target, headers: [], body: null });
  return await new Response(body).text();
}

/** Codes of the failures so far, and how often each was. */
function countFailures(all: Promise<unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of all) {
    each.catch(({ code }) => counts[code] = (counts[code] ?? 0) + 1);
  }
  return counts;
}

/** Another device is served, what the thief has is within its part, and all comes back. */
async function checkAll(at: Awaited<ReturnType<typeof setUp>>): Promise<void> {
  assert.ok(at.memory.taken <= OF_DEVICE, `${at.memory.taken} bytes`);
  assert.is(await get(at.phone, "/small"), "ok");
  at.thief.close();
  await until(() => at.memory.taken === 0 && at.sockets.open === 0 && at.backend.open.size === 0);
  assert.is(await get(at.phone, "/small"), "ok");
}

test("large heads of requests that wait", async () => {
  await using at = await setUp();
  const headers = Array.from(
    { length: 100 },
    (_, i): [string, string] => [`x-${i}`, "x".repeat(500)],
  );
  const all = Array.from(
    { length: 400 },
    () => sendRequest(at.thief, { method: "GET", target: "/wait", headers, body: null }),
  );
  const failures = countFailures(all);
  await until(() => failures["host-busy"]! >= 50);
  assert.ok(at.memory.taken > OF_DEVICE / 2, `${at.memory.taken} bytes`);
  // Some fail for want of a turn at the backend.
  await Promise.any(all.map(async (request) => {
    assert.match((await failureOf(request)).message, "holds all the bytes that it can");
  }));
  await checkAll(at);
});

test("half messages of WebSockets", async () => {
  await using at = await setUp();
  const opening = { target: "/deaf", headers: [], protocols: [] };
  const half = new Uint8Array(12 * MiB);
  half[0] = 2;
  new DataView(half.buffer).setUint32(1, 15 * MiB);
  const all = Array.from({ length: 4 }, async () => {
    const { stream } = await openWebSocket(at.thief, opening, signal);
    stream.writable.getWriter().write(half).catch(() => {});
    return await stream.readable.getReader().read();
  });
  const failures = countFailures(all);
  await until(() => failures["host-busy"]! >= 2);
  assert.ok(at.memory.taken > 10 * MiB, `${at.memory.taken} bytes`);
  await checkAll(at);
});

test("large messages of a backend that nobody reads", async () => {
  await using at = await setUp();
  const opening = { target: "/huge", headers: [], protocols: [] };
  const sockets = await Promise.all(
    Array.from({ length: 6 }, () => openWebSocket(at.thief, opening, signal)),
  );
  const failures = countFailures(sockets.map(({ stream }) =>
    stream.closed.then(async () => {
      await stream.readable.getReader().closed;
    })
  ));
  await until(() => failures["host-busy"]! >= 3);
  await checkAll(at);
});

test("downloads that nobody reads", async () => {
  await using at = await setUp();
  const request = { method: "GET", target: "/endless", headers: [], body: null };
  const all = Array.from({ length: 300 }, () => sendRequest(at.thief, request));
  countFailures(all);
  await until(() => at.backend.open.size === 128);
  assert.is(await get(at.phone, "/small"), "ok");
  assert.is(at.backend.open.size, 128);
  await checkAll(at);
});

test("bodies of unknown length that do not end", async () => {
  await using at = await setUp();
  const all = Array.from({ length: 60 }, () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(900 * KiB)),
    });
    return sendRequest(at.thief, { method: "POST", target: "/wait", headers: [], body });
  });
  const failures = countFailures(all);
  await until(() => failures["host-busy"]! >= 60 - 37);
  await checkAll(at);
});

test("five tabs with four large uploads each to a slow backend all succeed, small requests too", async () => {
  await using at = await setUp(5);
  const body = () => new Blob([new Uint8Array(4 * MiB)]).stream();
  const all = at.pages.flatMap((page) =>
    Array.from({ length: 4 }, () =>
      sendRequest(page, {
        method: "POST",
        target: "/slow",
        headers: [["content-length", String(4 * MiB)]],
        body: body(),
      }))
  );
  countFailures(all);
  await until(() => at.memory.taken > 8 * MiB);
  for (const page of at.pages) assert.is(await get(page, "/small"), "ok");
  for (const answer of await Promise.all(all)) assert.is(answer.status, 200);
  await checkAll(at);
});

test("requests that a backend does not answer keep no other device's from it", async () => {
  await using at = await setUp();
  const request = { method: "GET", target: "/wait", headers: [], body: null };
  countFailures(Array.from({ length: 500 }, () => sendRequest(at.thief, request)));
  await until(() => at.backend.open.size === 32);
  const stop = new AbortController();
  countFailures([sendRequest(at.phone, request, stop.signal)]);
  await until(() => at.backend.seen.length === 33);
  stop.abort();
  await checkAll(at);
});

test.after(() => endPeers());
test.run();
