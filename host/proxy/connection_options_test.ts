// Backends as the settings name them, reached by requests and WebSockets: by ports, Unix sockets and TLS.
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import { type Certificate, createCertificate } from "../../tools/testing/certificate.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { openWebSocket, readWebSocket, sendRequest, serveRequest } from "../../wire/mod.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { parseServices } from "../config/service_config.ts";
import { Services } from "./services.ts";
import { Sockets } from "./websocket.ts";

const test = suite("connection_options", { deadline: 30_000 });

const PHONE = { id: "phone", origin: "https://me.example" };

/** What a backend tells of a request. */
function describe({ method, url, headers }: IncomingMessage, body = ""): string {
  return JSON.stringify({
    asked: `${method} ${url}`,
    host: headers.host,
    authorization: headers.authorization,
    body,
  });
}

/** A backend that tells what it gets, by HTTP and in the first message of a WebSocket. */
async function startBackend(where: string | [address: string], certificate?: Certificate) {
  const server: Server = certificate ? createTlsServer(certificate) : createServer();
  server.on("request", async (request: IncomingMessage, response) => {
    response.end(describe(request, await text(request)));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket, request) => socket.send(describe(request)));
  if (typeof where === "string") server.listen(where);
  else server.listen(0, where[0]);
  await once(server, "listening");
  return {
    port: typeof where === "string" ? 0 : (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Asks a backend that is named so: by a GET, a POST and a WebSocket, as a page does. */
async function ask(target: string): Promise<Record<string, string | undefined>[]> {
  const services = Services.start(parseServices({ service: [`/a=${target}`] }));
  const sockets = new Sockets(services);
  const { page } = await connectSessions({
    host: {
      onStream: (stream) =>
        void serveRequest(
          stream,
          (request, signal) => services.handler(request, { signal, principal: PHONE }),
          (request, stream) => sockets.serve(request, stream, PHONE),
        ),
    },
  });
  try {
    const answers: string[] = [];
    for (const method of ["GET", "POST"]) {
      const body = method === "POST" ? new Blob(["hello"]).stream() : null;
      const request = { method, target: "/a/x", headers: [], body };
      const { status, body: answer } = await sendRequest(page, request);
      const said = await text(answer!);
      assert.is(status, 200, said);
      answers.push(said);
    }
    const opening = { target: "/a/live", headers: [], protocols: [] };
    const { stream } = await openWebSocket(page, opening, new AbortController().signal);
    for await (const message of readWebSocket(stream.readable)) {
      if (message.type === "text") answers.push(message.data);
      break;
    }
    return answers.map((answer) => JSON.parse(answer));
  } finally {
    page.close();
    await sockets.close();
    await services.close();
  }
}

/** The answers to the three, with these members. */
function answersOf(path: string, host: string, authorization?: string) {
  const seen = authorization === undefined ? { host } : { host, authorization };
  return [
    { asked: `GET ${path}/x`, ...seen, body: "" },
    { asked: `POST ${path}/x`, ...seen, body: "hello" },
    { asked: `GET ${path}/live`, ...seen, body: "" },
  ];
}

for (const address of ["127.0.0.1", "::1", "::"]) {
  test(`a port alone reaches a server that listens on ${address}, and so does localhost`, async () => {
    await using backend = await startBackend([address]);
    const { port } = backend;
    for (const text of [`${port}`, `:${port}`, `localhost:${port}`, `http://localhost:${port}`]) {
      assert.equal(await ask(text), answersOf("", `localhost:${port}`));
    }
    assert.equal(await ask(`${port}/api`), answersOf("/api", `localhost:${port}`));
    assert.equal(await ask(`app.localhost:${port}`), answersOf("", `app.localhost:${port}`));
  });
}

test("an address is reached as it is", async () => {
  await using v4 = await startBackend(["127.0.0.1"]);
  assert.equal(await ask(`127.0.0.1:${v4.port}`), answersOf("", `127.0.0.1:${v4.port}`));
  await using v6 = await startBackend(["::1"]);
  assert.equal(await ask(`[::1]:${v6.port}/api/`), answersOf("/api", `[::1]:${v6.port}`));
});

test("a Unix socket is reached, with a path and with signs in its name", async () => {
  const folder = join(temporaryFolder(), "my app: 100%");
  await mkdir(folder);
  const path = join(folder, "a.sock");
  await using _backend = await startBackend(path);
  const name = `unix:${path.replace("%", "%25").replace(":", "%3A").replaceAll(" ", "%20")}`;
  assert.equal(await ask(name), answersOf("", "localhost"));
  assert.equal(await ask(`${name}:/api`), answersOf("/api", "localhost"));
});

test("https is reached by ca and by insecure, also at localhost by IPv6 only", async () => {
  const folder = temporaryFolder();
  const certificate = createCertificate();
  const ca = join(folder, "ca.pem");
  await writeFile(ca, certificate.cert);
  for (const address of ["127.0.0.1", "::1"]) {
    await using backend = await startBackend([address], certificate);
    for (const option of [`ca=${ca}`, "insecure"]) {
      const host = `localhost:${backend.port}`;
      assert.equal(await ask(`https://${host} ${option}`), answersOf("", host));
    }
  }
});

test("the backend gets the password of the URL and the header of the file", async () => {
  await using backend = await startBackend(["127.0.0.1"]);
  const host = `127.0.0.1:${backend.port}`;
  const basic = `Basic ${Buffer.from("üser:pä:ss").toString("base64")}`;
  assert.equal(await ask(`http://%C3%BCser:p%C3%A4%3Ass@${host}`), answersOf("", host, basic));
  const file = join(temporaryFolder(), "token");
  await writeFile(file, "Bearer abc\n", { mode: 0o600 });
  const answers = await ask(`${host} authorization=${file}`);
  assert.equal(answers, answersOf("", host, "Bearer abc"));
});

test.run();
