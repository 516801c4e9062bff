import { once } from "node:events";
import { Agent, createServer } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import type { HeaderField, HttpResponse } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import type { ShareLimits, Taker } from "../access/shares.ts";
import { startRawBackend } from "../testing/raw_backend.ts";
import { createAgents } from "./agents.ts";
import type { BackendRequest, Timeouts } from "./exchange.ts";
import { HttpClient } from "./http_client.ts";
import { Places, type TurnLimits } from "./turns.ts";

const test = suite("http_client");

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A client to be closed, and a request of it. */
function setUp(url: URL, { agent, places, ...options } = {} as {
  agent?: Agent;
  timeouts?: Partial<Timeouts>;
  limits?: Partial<TurnLimits>;
  places?: Partial<ShareLimits>;
}) {
  const agents = agent
    ? { kept: agent, fresh: agent }
    : createAgents({ prefix: "/", backend: url });
  const client = new HttpClient({
    agents,
    name: url.origin,
    places: new Places({ own: 0, ...places }),
    ...options,
  });
  return {
    client,
    send: (request: Partial<BackendRequest> = {}, signal = new AbortController().signal) =>
      client.send({
        url,
        method: "GET",
        headers: [["Host", url.host]],
        body: null,
        length: undefined,
        principal: device("phone"),
        ...request,
      }, signal),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function device(id: string): Taker {
  return { id, name: id };
}

async function textOf({ body }: HttpResponse): Promise<string> {
  return await new Response(body).text();
}

function bodyOf(...parts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
}

/** The same, one after the other. */
function slowBodyOf(...parts: string[]): ReadableStream<Uint8Array> {
  const left = [...parts];
  return new ReadableStream({
    async pull(controller) {
      await sleep(20);
      const part = left.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(part));
    },
  }, { highWaterMark: 0 });
}

/** Answers each request without a body. */
function answerEach(answer: string) {
  return (received: string, socket: Socket) => {
    if (received.endsWith("\r\n\r\n")) socket.write(answer, "latin1");
  };
}

const informational: [what: string, before: string][] = [
  ["100", "HTTP/1.1 100 Continue\r\n\r\n"],
  ["100 twice", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\nX: 1\r\n\r\n"],
  ["102", "HTTP/1.1 102 Processing\r\n\r\n"],
  ["103", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"],
  ["199", "HTTP/1.1 199 What\r\n\r\n"],
];
for (const [what, before] of informational) {
  test(`a ${what} before the answer is passed over, on each connection twice`, async () => {
    await using backend = await startRawBackend(answerEach(before + OK));
    await using setup = setUp(backend.url);
    for (let i = 0; i < 2; i++) {
      const response = await setup.send();
      assert.is(response.status, 200);
      assert.equal(response.headers, [["Content-Length", "2"]]);
      assert.is(await textOf(response), "ok");
    }
    assert.is(backend.received.length, 1);
  });
}

test("a 100 that comes alone leaves the wait for the answer as it is", async () => {
  await using backend = await startRawBackend(answerEach("HTTP/1.1 100 Continue\r\n\r\n"));
  await using setup = setUp(backend.url, { timeouts: { head: 100 } });
  assert.is((await failureOf(setup.send())).code, "backend-timeout");
});

const failing: [what: string, answer: string][] = [
  [
    "a 101 that nobody asked for",
    "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
  ],
  ["the status 600", "HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n"],
  ["the status 999", "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"],
  ["the status 099", "HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n"],
  ["no status", "HTTP/1.1 OK\r\n\r\n"],
  ["257 fields", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(256)}Content-Length: 0\r\n\r\n`],
  ["a head of 100 KB", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!"],
  ["a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok"],
  ["NUL in a field", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok"],
  ["a field without a name", "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 2\r\n\r\nok"],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
];
for (const [what, answer] of failing) {
  test(`${what} is a failure of the backend`, async () => {
    await using backend = await startRawBackend(answerEach(answer));
    await using setup = setUp(backend.url);
    const { code, message } = await failureOf(setup.send());
    assert.is(code, "backend-failed");
    assert.match(message, /^The backend failed: ./);
  });
}

const tolerated: [what: string, answer: string, headers?: [string, string][]][] = [
  [
    "a length beside chunks, which decide",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    [["Content-Length", "5"], ["Transfer-Encoding", "chunked"]],
  ],
  [
    "chunks before a length",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    [["Transfer-Encoding", "Chunked"], ["Content-Length", "1"]],
  ],
  ["lines that end in LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"],
  ["some lines that end in LF", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\nok"],
  [
    "a folded line",
    "HTTP/1.1 200 OK\r\nX: a\r\n\t b\r\nContent-Length: 2\r\n\r\nok",
    [["X", "a\t b"], ["Content-Length", "2"]],
  ],
  ["a space before a colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"],
  ["spaces around a value", "HTTP/1.1 200 OK\r\nContent-Length: \t2 \t\r\n\r\nok"],
  [
    "control characters in a value",
    "HTTP/1.1 200 OK\r\nX: a\x01\x7fb\r\nContent-Length: 2\r\n\r\nok",
    [["X", "a\x01\x7fb"], ["Content-Length", "2"]],
  ],
  ["no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"],
  ["empty lines before it", "\r\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  [
    "extensions of chunks",
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\no\r\n1;b="c"\r\nk\r\n0;d=e\r\n\r\n',
    [["Transfer-Encoding", "chunked"]],
  ],
  [
    "spaces and zeros in sizes of chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0002  \r\nok\r\n000\r\n\r\n",
    [["Transfer-Encoding", "chunked"]],
  ],
  [
    "a coding for the hop besides chunked",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    [["Transfer-Encoding", "identity, chunked"]],
  ],
  [
    "HTTP/1.0 and a length",
    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
  ],
  ["bytes after its end", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"],
  [
    "bytes after its last chunk",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 500 No\r\n\r\n",
    [["Transfer-Encoding", "chunked"]],
  ],
];
for (const [what, answer, headers = [["Content-Length", "2"]]] of tolerated) {
  test(`an answer with ${what} arrives, as in browsers, and so does the next`, async () => {
    await using backend = await startRawBackend(answerEach(answer));
    await using setup = setUp(backend.url);
    for (const method of ["GET", "GET", "POST", "GET"]) {
      const response = await setup.send({ method });
      assert.is(response.status, 200);
      assert.equal(response.headers, headers);
      assert.is(await textOf(response), "ok");
    }
  });
}

test("a body until the connection's end is whole", async () => {
  for (const connection of ["close", "keep-alive"]) {
    await using backend = await startRawBackend((_received, socket) => {
      socket.end(`HTTP/1.1 200 OK\r\nConnection: ${connection}\r\n\r\nuntil the end`);
    });
    await using setup = setUp(backend.url);
    for (let i = 0; i < 2; i++) assert.is(await textOf(await setup.send()), "until the end");
  }
});

test("a head of 63 KiB arrives", async () => {
  const value = "x".repeat(63 * 1024);
  const answer = `HTTP/1.1 200 OK\r\nX: ${value}\r\nContent-Length: 2\r\n\r\nok`;
  await using backend = await startRawBackend(answerEach(answer));
  await using setup = setUp(backend.url);
  const response = await setup.send();
  assert.is(response.headers[0]![1], value);
  assert.is(await textOf(response), "ok");
});

test("256 fields are passed on, bytes above ASCII as they are", async () => {
  const fields = "a: b\r\n".repeat(254);
  const answer =
    `HTTP/1.1 200 \xc3\xa9t\xe9\r\n${fields}X: \xc3\xa9\xff\r\nContent-Length: 0\r\n\r\n`;
  await using backend = await startRawBackend(answerEach(answer));
  await using setup = setUp(backend.url);
  const { headers, statusText } = await setup.send();
  assert.is(headers.length, 256);
  assert.equal(headers[254], ["X", "\xc3\xa9\xff"]);
  assert.is(statusText, "\xc3\xa9t\xe9");
});

test("trailers are passed over", async () => {
  const answer = "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "2\r\nok\r\n0\r\nX-T: 1\r\n\r\n";
  await using backend = await startRawBackend(answerEach(answer));
  await using setup = setUp(backend.url);
  for (let i = 0; i < 2; i++) assert.is(await textOf(await setup.send()), "ok");
  assert.is(backend.received.length, 1);
});

test("an answer without a length ends with its connection", async () => {
  await using backend = await startRawBackend((_received, socket) => {
    socket.end("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  });
  await using setup = setUp(backend.url);
  assert.is(await textOf(await setup.send()), "until the end");
});

const cut: [what: string, head: string][] = [
  ["a length", "Content-Length: 100\r\n\r\npart"],
  ["chunks", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"],
  ["chunks, within one", "Transfer-Encoding: chunked\r\n\r\n64\r\npart"],
  ["chunks, before the last line", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n"],
];
for (const [what, head] of cut) {
  for (const how of ["end", "resetAndDestroy"] as const) {
    test(`a body with ${what} that is cut off by ${how}() errors behind its part`, async () => {
      const goOn = Promise.withResolvers<void>();
      await using backend = await startRawBackend(async (_received, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}`);
        await goOn.promise;
        socket[how]();
      });
      await using setup = setUp(backend.url);
      const { body } = await setup.send();
      const reader = body!.getReader();
      assert.is(new TextDecoder().decode((await reader.read()).value), "part");
      goOn.resolve();
      const { code } = await failureOf(reader.read());
      assert.is(code, "backend-failed");
    });
  }
}

test("a body that is cut off before anybody reads it errors, too", async () => {
  await using backend = await startRawBackend((_received, socket) => {
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  });
  await using setup = setUp(backend.url);
  const response = await setup.send();
  await until(() => setup.client.open === 0);
  assert.is((await failureOf(textOf(response))).code, "backend-failed");
});

test("an answer that is cut off while the request goes on is the backend's failure", async () => {
  await using backend = await startRawBackend((received, socket) => {
    if (!received.includes("abc")) return;
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", () => socket.destroy());
  });
  await using setup = setUp(backend.url);
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("abc")),
  });
  const response = await setup.send({ method: "POST", body, length: 9 });
  assert.is((await failureOf(textOf(response))).code, "backend-failed");
});

for (const [method, answer] of [["HEAD", OK.slice(0, -2)], ["GET", "HTTP/1.1 304 OK\r\n\r\n"]]) {
  test(`answers to ${method} without a body free their connection`, async () => {
    await using backend = await startRawBackend(answerEach(answer!));
    await using setup = setUp(backend.url);
    for (let i = 0; i < 3; i++) {
      assert.is((await setup.send({ method })).body, null);
      await until(() => setup.client.open === 0);
    }
    assert.is(backend.received.length, 1);
  });
}

test("a backend that cannot be connected to in time is unreachable", async () => {
  // A name server that does not answer.
  const agent = new Agent({ lookup: () => {} });
  await using setup = setUp(new URL("http://backend.example"), {
    agent,
    timeouts: { connect: 50 },
  });
  const { code, message } = await failureOf(setup.send());
  assert.is(code, "backend-unreachable");
  assert.is(message, "The backend http://backend.example does not answer: is it running?");
});

test("a body that is being sent does not lengthen the time to connect", async () => {
  const agent = new Agent({ lookup: () => {} });
  await using setup = setUp(new URL("http://backend.example"), {
    agent,
    timeouts: { connect: 100 },
  });
  const body = new ReadableStream({
    async pull(controller) {
      await sleep(20);
      controller.enqueue(new Uint8Array(1));
    },
  });
  assert.is((await failureOf(setup.send({ method: "POST", body }))).code, "backend-unreachable");
});

test("a name that does not resolve is unreachable", async () => {
  await using setup = setUp(new URL("http://backend.invalid"));
  assert.is((await failureOf(setup.send())).code, "backend-unreachable");
});

test("a backend that takes a request and says nothing is too slow", async () => {
  await using backend = await startRawBackend(() => {});
  await using setup = setUp(backend.url, { timeouts: { head: 100 } });
  const { code, message } = await failureOf(setup.send());
  assert.is(code, "backend-timeout");
  assert.is(message, `The backend ${backend.url.origin} has not answered for 0.1 s`);
});

test("the wait for an answer begins anew with each part of the request's body", async () => {
  await using backend = await startRawBackend((received, socket) => {
    if (received.endsWith("0\r\n\r\n")) socket.write(OK);
  });
  await using setup = setUp(backend.url, { timeouts: { head: 400 } });
  let left = 8;
  const body = new ReadableStream({
    async pull(controller) {
      await sleep(100);
      if (left-- > 0) controller.enqueue(new Uint8Array([0x61]));
      else controller.close();
    },
  });
  assert.is(await textOf(await setup.send({ method: "POST", body })), "ok");
});

test("an answer that has begun may be silent for longer than one may take to begin", async () => {
  const goOn = Promise.withResolvers<void>();
  await using backend = await startRawBackend(async (_received, socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart");
    await goOn.promise;
    socket.write("more");
  });
  await using setup = setUp(backend.url, { timeouts: { head: 200 } });
  const reader = (await setup.send()).body!.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  assert.is(await read(), "part");
  const next = read();
  await sleep(500);
  goOn.resolve();
  assert.is(await next, "more");
  assert.is((await reader.read()).done, true);
});

test("an exchange outlives the time for which idle connections are kept", async () => {
  await using backend = await startRawBackend(async (_received, socket) => {
    await sleep(300);
    socket.write(OK.slice(0, -1));
    await sleep(300);
    socket.write("k");
  });
  const agent = new Agent({ keepAlive: true, timeout: 100 });
  await using setup = setUp(backend.url, { agent });
  assert.is(await textOf(await setup.send()), "ok");
  await sleep(300);
  assert.equal(Object.keys(agent.freeSockets), []);
});

test("a kept connection that turns out to be closed is followed by another", async () => {
  await using backend = await startRawBackend((received, socket) => {
    if (received.split("\r\n\r\n").length > 2) socket.destroy();
    else socket.write(OK);
  });
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    await using setup = setUp(backend.url);
    assert.is(await textOf(await setup.send()), "ok");
    assert.is((await setup.send({ method })).status, 200);
  }
  assert.is(backend.received.length, 6);
});

test("what may have been acted on is not sent again, nor what failed on a new connection", async () => {
  await using backend = await startRawBackend((received, socket) => {
    if (received.split("\r\n\r\n").length > 2 || received.includes("never")) socket.destroy();
    else socket.write(OK);
  });
  const requests = [
    { method: "POST" },
    { method: "DELETE" },
    { method: "OPTIONS", body: bodyOf("a") },
    { method: "GET" },
  ];
  await using setup = setUp(backend.url);
  const url = new URL("/never", backend.url);
  for (const request of requests) {
    assert.is((await failureOf(setup.send({ url, ...request }))).code, "backend-failed");
  }
  assert.is(backend.received.length, 4);
});

test("unsafe requests, and those with a body, have a connection of their own", async () => {
  await using backend = await startRawBackend((received, socket) => {
    if (received.includes("ab") || !received.startsWith("OPTIONS")) socket.write(OK);
  });
  await using setup = setUp(backend.url);
  assert.is(await textOf(await setup.send()), "ok");
  const body = () => bodyOf("ab");
  const requests = [
    { method: "POST" },
    { method: "POST", body: body(), length: 2 },
    { method: "PUT" },
    { method: "PATCH" },
    { method: "DELETE" },
    { method: "PROPFIND" },
    { method: "OPTIONS", body: body(), length: 2 },
  ];
  for (const request of requests) assert.is(await textOf(await setup.send(request)), "ok");
  assert.is(await textOf(await setup.send()), "ok");
  assert.is(backend.received.length, 1 + requests.length);
  assert.is(backend.received[0]!.match(/^GET /gm)!.length, 2);
});

const framings: [method: string, request: Partial<BackendRequest>, framing: string][] = [
  ["GET", {}, "\r\n"],
  ["HEAD", {}, "\r\n"],
  ["OPTIONS", {}, "\r\n"],
  ["POST", {}, "Content-Length: 0\r\n\r\n"],
  ["PUT", {}, "Content-Length: 0\r\n\r\n"],
  ["PATCH", {}, "Content-Length: 0\r\n\r\n"],
  ["PROPFIND", {}, "Content-Length: 0\r\n\r\n"],
  ["DELETE", {}, "\r\n"],
  ["DELETE", { length: 0 }, "Content-Length: 0\r\n\r\n"],
  [
    "POST",
    { body: bodyOf("ab", "", "c") },
    "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
  ],
  ["DELETE", { body: bodyOf("ab") }, "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"],
  ["OPTIONS", { body: bodyOf("ab"), length: 2 }, "Content-Length: 2\r\n\r\nab"],
  ["POST", { body: bodyOf("ab"), length: 2 }, "Content-Length: 2\r\n\r\nab"],
  ["DELETE", { body: bodyOf(), length: 0 }, "Content-Length: 0\r\n\r\n"],
];
for (const [method, request, framing] of framings) {
  const what = `${request.body ? "a" : "no"} body${
    request.length === undefined ? "" : " and its length"
  }`;
  test(`${method} with ${what} goes out as ${JSON.stringify(framing)}`, async () => {
    const head = `${method} / HTTP/1.1\r\nHost: `;
    await using backend = await startRawBackend((received, socket) => {
      const sent = received.replace(/Connection: [\w-]+\r\n/, "");
      if (!sent.startsWith(head) || !sent.endsWith(framing)) return;
      socket.write(OK.replace(/ok$/, method === "HEAD" ? "" : "ok"));
    });
    await using setup = setUp(backend.url, { timeouts: { head: 2_000 } });
    assert.is((await setup.send({ method, ...request })).status, 200);
    const [received] = backend.received;
    const sent = `${head}${backend.url.host}\r\n${framing}`;
    assert.is(received!.replace(/Connection: [\w-]+\r\n/, ""), sent);
  });
}

const mismatches: [what: string, body: string[], length: number][] = [
  ["fewer bytes", ["ab"], 5],
  ["no bytes", [], 5],
  ["more bytes", ["ab", "GET /smuggled HTTP/1.1\r\n\r\n"], 2],
  ["more bytes at once", ["abGET /smuggled HTTP/1.1\r\n\r\n"], 2],
  ["bytes where there should be none", ["GET /smuggled HTTP/1.1\r\n\r\n"], 0],
];
for (const [what, parts, length] of mismatches) {
  for (const make of [bodyOf, slowBodyOf]) {
    test(`${what} than the length says, from ${make.name}(), are refused and poison no connection`, async () => {
      await using backend = await startRawBackend((received, socket) => {
        if (received.startsWith("GET")) socket.write(OK);
      });
      await using setup = setUp(backend.url);
      const { code } = await failureOf(
        setup.send({ method: "POST", body: make(...parts), length }),
      );
      assert.is(code, "bad-request");
      assert.is(await textOf(await setup.send()), "ok");
      assert.not.match(backend.received.join(""), "smuggled");
      assert.is(backend.received.filter((text) => text.includes("GET / ")).length, 1);
    });
  }
}

test("a backend that does not read stops the page", async () => {
  let taken = 0;
  await using backend = await startRawBackend((_received, socket) => socket.pause());
  await using setup = setUp(backend.url);
  const body = new ReadableStream({
    async pull(controller) {
      // A macrotask for each, so that the network has its turn.
      await new Promise(setImmediate);
      taken++;
      if (taken < 2_000) controller.enqueue(new Uint8Array(64 * 1024));
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const sent = failureOf(setup.send({ method: "POST", body }));
  for (let before = -1; before !== taken;) {
    before = taken;
    await sleep(300);
  }
  assert.ok(taken < 1_000, `${taken * 64} KiB were taken`);
  await setup.client.close();
  await sent;
});

test("an answer that is over while the request is not ends the request and its connection", async () => {
  await using backend = await startRawBackend((_received, socket) => socket.write(OK));
  await using setup = setUp(backend.url);
  let isCancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel() {
      isCancelled = true;
    },
  }, { highWaterMark: 0 });
  assert.is(await textOf(await setup.send({ method: "POST", body })), "ok");
  await until(() => isCancelled);
  assert.is(await textOf(await setup.send()), "ok");
  assert.is(backend.received.length, 2);
});

for (
  const [what, bytes] of [["is on its way", 4_000_000], ["is all here", 180_000]] as const
) {
  test(`an answer that ${what} may be given up, and the next one comes`, async () => {
    const closed = Promise.withResolvers<void>();
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`;
    const isWhole = (request: string) => request.includes("whole");
    await using backend = await startRawBackend((received, socket) => {
      if (!received.endsWith("\r\n\r\n")) return;
      if (isWhole(received)) return void socket.write(OK);
      socket.on("close", closed.resolve);
      socket.write(head + "x".repeat(bytes));
    });
    await using setup = setUp(backend.url);
    const { body } = await setup.send();
    const reader = body!.getReader();
    assert.ok((await reader.read()).value!.length > 0);
    await sleep(50);
    await reader.cancel();
    await closed.promise;
    assert.is(await textOf(await setup.send({ url: new URL("/whole", backend.url) })), "ok");
  });
}

test("an aborted request's body is let go at once, even while it waits", async () => {
  await using backend = await startRawBackend(() => {});
  await using setup = setUp(backend.url);
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream({ cancel: () => cancelled.resolve() });
  const stop = new AbortController();
  const sent = failureOf(setup.send({ method: "POST", body }, stop.signal));
  await until(() => Boolean(backend.received[0]));
  stop.abort(new Error("the page went away"));
  assert.is((await sent).message, "the page went away");
  await cancelled.promise;
});

test("a request that was aborted before does not go out", async () => {
  await using backend = await startRawBackend(() => {});
  await using setup = setUp(backend.url);
  const signal = AbortSignal.abort(new Error("never mind"));
  const { code, message } = await failureOf(setup.send({}, signal));
  assert.is(code, "aborted");
  assert.is(message, "never mind");
  assert.is(backend.received.length, 0);
});

test("principals do not share connections, and each uses its own again", async () => {
  await using backend = await startRawBackend(answerEach(OK));
  await using setup = setUp(backend.url);
  for (const id of ["phone", "tablet", "phone", "tablet", "phone"]) {
    const headers: HeaderField[] = [["Principal", id]];
    assert.is(await textOf(await setup.send({ principal: device(id), headers })), "ok");
  }
  const seen = backend.received.map((text) => [...text.matchAll(/(?<=Principal: )\w+/g)].join());
  assert.equal(seen, ["phone,phone,phone", "tablet,tablet"]);
});

test("one principal's requests wait for its connections, and others do not wait", async () => {
  const sockets: Socket[] = [];
  await using backend = await startRawBackend((_received, socket) => sockets.push(socket));
  await using setup = setUp(backend.url, { places: { all: 3, each: 2 } });
  const asked = [1, 2, 3].map(() => setup.send({ method: "POST" }));
  const other = setup.send({ principal: device("tablet") });
  await until(() => sockets.length === 3);
  assert.is(setup.client.open, 3);
  assert.is(backend.received.filter((text) => text.startsWith("GET")).length, 1);
  sockets[backend.received.findIndex((text) => text.startsWith("GET"))]!.write(OK);
  assert.is(await textOf(await other), "ok");
  sockets[backend.received.findIndex((text) => text.startsWith("POST"))]!.end(OK);
  await until(() => sockets.length === 4);
  for (const socket of sockets) if (socket.writable) socket.end(OK);
  for (const answer of asked) assert.is(await textOf(await answer), "ok");
});

test("a request that is given up while it waits does not go out", async () => {
  await using backend = await startRawBackend(() => {});
  await using setup = setUp(backend.url, { places: { each: 1 } });
  const first = failureOf(setup.send());
  const stop = new AbortController();
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream({ cancel: () => cancelled.resolve() });
  const waiting = failureOf(setup.send({ method: "POST", body }, stop.signal));
  stop.abort(new Error("the page went away"));
  assert.equal([(await waiting).code, (await waiting).message], ["aborted", "the page went away"]);
  await cancelled.promise;
  await setup.client.close();
  await first;
  assert.is(backend.received.filter((text) => text.startsWith("POST")).length, 0);
});

const promises: [answer: string, isKept: boolean][] = [
  ["", false],
  ["Connection: keep-alive\r\n", false],
  ["Keep-Alive: max=100\r\n", false],
  ["Keep-Alive: timeout=0\r\n", false],
  ["Keep-Alive: timeout=5\r\nConnection: close\r\n", false],
  ["Keep-Alive: timeout=5\r\n", true],
];
for (const [field, isKept] of promises) {
  test(`POSTs share ${isKept ? "a" : "no"} connection after ${JSON.stringify(field)}`, async () => {
    const answer = `HTTP/1.1 200 OK\r\n${field}Content-Length: 2\r\n\r\nok`;
    await using backend = await startRawBackend((received, socket) => {
      if (received.endsWith("\r\n\r\nab")) socket.write(answer);
    });
    await using setup = setUp(backend.url);
    for (let i = 0; i < 3; i++) {
      const request = { method: "POST", body: bodyOf("ab"), length: 2 };
      assert.is(await textOf(await setup.send(request)), "ok");
    }
    assert.is(backend.received.length, isKept ? 1 : 3);
  });
}

test("a POST uses no connection that has been idle", async () => {
  const answer = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok";
  const closed: Promise<unknown>[] = [];
  await using backend = await startRawBackend((received, socket) => {
    if (received.endsWith("\r\n\r\n")) socket.write(answer);
    closed.push(once(socket, "close"));
  });
  await using setup = setUp(backend.url);
  for (let i = 0; i < 2; i++) {
    assert.is(await textOf(await setup.send({ method: "POST" })), "ok");
    await closed[i];
  }
  assert.is(backend.received.length, 2);
});

for (const keepAliveTimeout of [1_000, 100, 5]) {
  test(`no POST fails or goes twice at a server that closes after ${keepAliveTimeout} ms`, async () => {
    const seen: string[] = [];
    const server = createServer(
      { keepAliveTimeout, keepAliveTimeoutBuffer: 0 },
      (request, response) => {
        if (request.method === "POST") seen.push(request.url!);
        request.resume().on("end", () => response.end("ok"));
      },
    );
    await using listening = await listen(server);
    const url = new URL(listening.url);
    await using setup = setUp(url);
    await Promise.all(Array.from({ length: 60 }, async (_, i) => {
      // The server closes the connection of the GET at about the moment of the POST.
      assert.is(await textOf(await setup.send({ principal: device(`${i % 7}`) })), "ok");
      await sleep(Math.max(0, keepAliveTimeout + i % 15 - 8));
      const body = i % 2 ? bodyOf("ab") : null;
      const request = { method: "POST", url: new URL(`/${i}`, url), body, length: body ? 2 : 0 };
      assert.is(
        await textOf(await setup.send({ ...request, principal: device(`${i % 7}`) })),
        "ok",
      );
    }));
    assert.equal(seen.sort(), Array.from({ length: 60 }, (_, i) => `/${i}`).sort());
  });
}

test("close() ends what waits for a connection, too", async () => {
  await using backend = await startRawBackend(() => {});
  const setup = setUp(backend.url, { places: { each: 1 } });
  const sent = Array.from({ length: 3 }, () => failureOf(setup.send()));
  await until(() => Boolean(backend.received[0]));
  await setup.client.close();
  for (const { code } of await Promise.all(sent)) assert.is(code, "closed");
  assert.is(backend.received.length, 1);
});

test("close() closes idle connections", async () => {
  const closed = Promise.withResolvers<void>();
  await using backend = await startRawBackend((_received, socket) => {
    socket.write(OK);
    socket.on("close", closed.resolve);
  });
  const setup = setUp(backend.url);
  await textOf(await setup.send());
  await setup.client.close();
  await closed.promise;
});

test.run();
