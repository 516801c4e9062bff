import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import * as assert from "uvu/assert";
import { freePort, listen } from "./listen.ts";
import { suite } from "./suite.ts";

const test = suite("listen");

test("a server answers at its URL until it is disposed of", async () => {
  const server = createServer((_request, response) => response.end("here"));
  const listening = await listen(server);
  assert.is(await (await fetch(listening.url)).text(), "here");
  await listening[Symbol.asyncDispose]();
  assert.is(server.listening, false);
});

test("its disposal ends an upgraded connection", async () => {
  const upgraded = Promise.withResolvers<void>();
  const server = createServer().on("upgrade", () => upgraded.resolve());
  const listening = await listen(server);
  const socket = connect(listening.port, "127.0.0.1").on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  await upgraded.promise;
  await Promise.all([once(socket, "close"), listening[Symbol.asyncDispose]()]);
});

test("nothing listens at a free port", async () => {
  const socket = connect(await freePort(), "127.0.0.1");
  const [error] = await once(socket, "error");
  assert.is((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
});

test.run();
