import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import * as assert from "uvu/assert";
import { startCoturn } from "../../tools/testing/coturn.ts";
import { freePort, listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { parseIceUrl } from "../../wire/mod.ts";
import { checkTurn } from "../doctor/turn.ts";
import { TurnOverTcp, type TurnOverTcpOptions } from "./turn_over_tcp.ts";

const test = suite("TURN over TCP", { deadline: 20_000 });

const CREDENTIALS = { username: "u", credential: "p" };
const STUN = Buffer.from("000300002112a442000102030405060708090a0b", "hex");
const DATA = Buffer.from("4000000107", "hex");

/** Asks for an allocation over UDP, as libjuice does. */
const askAt = (port: number, credentials = CREDENTIALS) =>
  checkTurn(parseIceUrl(`turn:127.0.0.1:${port}`)!, credentials);

async function openPort(servers: string[], options: Partial<TurnOverTcpOptions> = {}) {
  const port = await TurnOverTcp.open({
    servers: servers.map((each) => parseIceUrl(each)!),
    ...options,
  });
  return Object.assign(port, { [Symbol.dispose]: () => port.close() });
}

/** A server that takes anything, and what it has got. */
async function startServer() {
  const got: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("data", (chunk: Buffer) => got.push(chunk)).on("error", () => {});
  });
  const listening = await listen(server);
  return { ...listening, got, sockets, bytes: () => Buffer.concat(got).toString("hex") };
}

/** A UDP port, as libjuice has one for each connection. */
async function openUdp(to: number) {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const got: string[] = [];
  socket.on("message", (message: Buffer) => got.push(message.toString("hex")));
  return {
    got,
    send: (message: Buffer) => socket.send(message, to, "127.0.0.1"),
    [Symbol.dispose]: () => socket.close(),
  };
}

test("a server that no UDP reaches gives allocations over TCP and TLS", async () => {
  await using turn = await startCoturn({ udp: false });
  const { address, port, tlsPort, ca } = turn;
  const direct = await askAt(port);
  assert.is(direct.outcome, "unreachable");
  for (const server of [`turn:${address}:${port}?transport=tcp`, `turns:${address}:${tlsPort}`]) {
    using stands = await openPort([server], { ca });
    assert.is((await askAt(stands.port)).outcome, "well", server);
    const wrong = await askAt(stands.port, { ...CREDENTIALS, credential: "wrong" });
    assert.is(wrong.outcome === "refused" && wrong.code, 401, server);
    // Two sockets, two allocations.
    assert.is(stands.count, 2);
  }
});

test("of several ways, one that leads nowhere does not matter", async () => {
  await using server = await startServer();
  const closed = `turn:127.0.0.1:${await freePort()}?transport=tcp`;
  using stands = await openPort([closed, `turn:127.0.0.1:${server.port}?transport=tcp`]);
  using client = await openUdp(stands.port);
  client.send(STUN);
  await until(() => server.bytes() === STUN.toString("hex"));
  server.sockets[0]!.write(STUN);
  await until(() => client.got.length === 1);
});

test("messages pass in both directions, with the padding that a stream needs", async () => {
  await using server = await startServer();
  using stands = await openPort([`turn:127.0.0.1:${server.port}?transport=tcp`]);
  using client = await openUdp(stands.port);
  client.send(STUN);
  await until(() => server.sockets.length === 1 && server.bytes().length === 40);
  client.send(DATA);
  client.send(Buffer.from("no STUN and no data"));
  client.send(DATA);
  const padded = `${DATA.toString("hex")}000000`;
  await until(() => server.bytes() === STUN.toString("hex") + padded + padded);
  server.sockets[0]!.write(Buffer.from(padded + STUN.toString("hex"), "hex"));
  await until(() => client.got.length === 2);
  assert.equal(client.got, [DATA.toString("hex"), STUN.toString("hex")]);
});

test("an allocation ends with the server's connection, and only a request makes another", async () => {
  await using server = await startServer();
  using stands = await openPort([`turn:127.0.0.1:${server.port}?transport=tcp`]);
  using client = await openUdp(stands.port);
  client.send(DATA);
  client.send(STUN);
  await until(() => server.bytes() === STUN.toString("hex"));
  server.sockets[0]!.destroy();
  await until(() => stands.count === 0);
  client.send(DATA);
  client.send(STUN);
  await until(() => server.sockets.length === 2 && server.got.length === 2);
  assert.is(server.bytes(), STUN.toString("hex").repeat(2));
});

test("a server that sends anything else is left", async () => {
  await using server = await startServer();
  using stands = await openPort([`turn:127.0.0.1:${server.port}?transport=tcp`]);
  using client = await openUdp(stands.port);
  client.send(STUN);
  await until(() => server.sockets.length === 1 && server.got.length === 1);
  server.sockets[0]!.write("\xffHTTP/1.1 400 Bad Request\r\n\r\n");
  await until(() => stands.count === 0);
  assert.equal(client.got, []);
});

test("where no way leads to the server, that is told once for each try", async () => {
  const troubles: string[] = [];
  const closed = `turn:127.0.0.1:${await freePort()}?transport=tcp`;
  using stands = await openPort([closed], { onTrouble: ({ message }) => troubles.push(message) });
  using client = await openUdp(stands.port);
  client.send(STUN);
  await until(() => troubles.length === 1);
  assert.match(troubles[0]!, /ECONNREFUSED/);
  assert.is(stands.count, 0);
});

test.run();
