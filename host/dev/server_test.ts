import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import { request } from "node:http";
import * as assert from "uvu/assert";
import { freePort, listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { type DevRequest, type DevServerOptions, startDevServer } from "./server.ts";

const test = suite("server of dev");

function startServer(options: Partial<DevServerOptions> = {}) {
  return startDevServer({
    ports: [0],
    answer: (asked) =>
      Promise.resolve({ status: 200, type: "text/plain", body: JSON.stringify(asked) }),
    accept: (_request, stream) => {
      stream.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe relay");
      return Promise.resolve();
    },
    ...options,
  });
}

/** Sends a request to 127.0.0.1. */
async function ask(
  port: number,
  { path = "/", method = "GET", ...headers }: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const asked = request({ host: "127.0.0.1", port, path, method, headers });
  asked.end();
  const [response] = await once(asked, "response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

test("it answers for its own names only", async () => {
  await using server = await startServer();
  const { port } = server;
  assert.is(server.origin, `http://localhost:${port}`);
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
    const { status, body } = await ask(port, { host, path: "/a/../b?c=d" });
    assert.is(status, 200);
    const seen: DevRequest = { origin: `http://${host}`, path: "/b", isNavigation: true };
    assert.equal(JSON.parse(body), seen);
  }
  for (const host of ["evil.example", `evil.example:${port}`, "localhost", "localhost:1"]) {
    assert.is((await ask(port, { host })).status, 421, host);
    const upgrade = { host, connection: "Upgrade", upgrade: "websocket" };
    assert.is((await ask(port, upgrade)).status, 421, host);
  }
});

test("WebSockets at / are the relay's, and no others", async () => {
  await using server = await startServer();
  const { port } = server;
  const upgrade = { host: `localhost:${port}`, connection: "Upgrade", upgrade: "websocket" };
  assert.equal(await ask(port, upgrade), { status: 200, body: "the relay" });
  assert.is((await ask(port, { ...upgrade, path: "/app" })).status, 421);
});

test("it takes GET and HEAD, and tells documents from other files", async () => {
  await using server = await startServer();
  const { port } = server;
  const host = `localhost:${port}`;
  assert.is((await ask(port, { host, method: "POST" })).status, 405);
  assert.equal(await ask(port, { host, method: "HEAD" }), { status: 200, body: "" });
  const { body } = await ask(port, { host, "sec-fetch-mode": "cors" });
  assert.is(JSON.parse(body).isNavigation, false);
});

test("an error of an answer is an answer", async () => {
  await using server = await startServer({ answer: () => Promise.reject(new Error("no disk")) });
  const { status, body } = await ask(server.port, { host: `localhost:${server.port}` });
  assert.equal([status, body], [500, "Cannot answer: no disk\n"]);
});

test("a port in use is skipped, also if it is so at another address of this machine", async () => {
  for (const address of ["127.0.0.1", "::1", "0.0.0.0"]) {
    const other = createTcpServer();
    other.listen(0, address);
    const isThere = await Promise.race([
      once(other, "listening").then(() => true),
      once(other, "error").then(() => false),
    ]);
    if (!isThere) continue; // a machine without IPv6
    const { port: taken } = other.address() as { port: number };
    const free = await freePort();
    {
      await using server = await startServer({ ports: [taken, free] });
      assert.equal([server.port, server.isSecondChoice], [free, true], address);
    }
    const error = await failureOf(startServer({ ports: [taken] }));
    assert.match(error.message, `port ${taken} is in use. Name another by --port`);
    other.close();
  }
});

test("the first free port is no second choice, and is free again afterwards", async () => {
  const free = await freePort();
  for (const _ of [1, 2]) {
    await using server = await startServer({ ports: [free, 0] });
    assert.equal([server.port, server.isSecondChoice], [free, false]);
  }
  await using _again = await listen(createTcpServer(), free);
});

test.run();
