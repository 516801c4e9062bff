// The server of `lighthouse-host dev`: page and relay on one port, on this machine and, with a certificate,
// in its network.
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createConnection, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { badSetting } from "../config/setting_parsers.ts";
import type { LanCertificate } from "./certificate.ts";

/** A request's file. */
export interface DevAnswer {
  status: number;
  /** Its media type. */
  type: string;
  body: Uint8Array | string;
  headers?: Record<string, string>;
}

/** A request, as far as pages depend on it. */
export interface DevRequest {
  /** The origin that the browser asks: one of the server's own. */
  origin: string;
  /** Without the query. */
  path: string;
  /** Whether it is for a document that the browser shows. */
  isNavigation: boolean;
}

/** Options of {@linkcode startDevServer}. */
export interface DevServerOptions {
  /** The ports to try. 0 is any free one. */
  ports: readonly number[];
  /** Addresses and names in the network, and the certificate for them. @default this machine only */
  lan?: {
    addresses: readonly string[];
    names: readonly string[];
    certificate: Pick<LanCertificate, "chain" | "key">;
  };
  /** Answers GET and HEAD. */
  answer: (request: DevRequest) => Promise<DevAnswer>;
  /** Takes the handshakes of WebSockets. */
  accept: (request: IncomingMessage, stream: Duplex, head: Buffer) => Promise<void>;
}

/** A running server. */
export interface DevServer extends AsyncDisposable {
  readonly port: number;
  /** Whether a port before it in the list was in use. */
  readonly isSecondChoice: boolean;
  /** On this machine, such as `http://localhost:4600`. */
  readonly origin: string;
  /** All of its origins. */
  readonly origins: readonly string[];
  /** Those in the network, such as `https://192.168.1.5:4600`. The first is for a phone. */
  readonly lanOrigins: readonly string[];
}

/** The loopback addresses: browsers take either for localhost. */
const LOOPBACK = ["127.0.0.1", "::1"];

/**
 * Starts the server. It refuses requests for other names with 421, against DNS rebinding: a web page could
 * make its own name point here.
 *
 * @throws {LighthouseError} `bad-config` if no port is free.
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { ports, lan, answer, accept } = options;
  const names = new Map<string, string>();
  const take: RequestListener = async (request, response) => {
    response.on("error", () => {}); // a client that disconnects early
    const origin = names.get(request.headers.host ?? "");
    const found = origin === undefined ? MISDIRECTED : await answerTo(request, origin, answer);
    response.writeHead(found.status, {
      "content-type": found.type,
      "content-length": Buffer.byteLength(found.body),
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      ...found.headers,
    });
    response.end(request.method === "HEAD" ? undefined : found.body);
  };
  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on("error", () => stream.destroy());
    const isKnown = names.has(request.headers.host ?? "") && request.url === "/";
    if (isKnown) void accept(request, stream, head);
    else stream.end("HTTP/1.1 421 Misdirected Request\r\nConnection: close\r\n\r\n");
  };
  const create = (address: string) => {
    const tls = lan?.addresses.includes(address) ? lan.certificate : undefined;
    const server = tls
      ? createSecureServer({ cert: tls.chain, key: tls.key }, take)
      : createServer(take);
    return server.on("upgrade", upgrade);
  };
  for (const [at, wanted] of ports.entries()) {
    const listening = await listenAt(wanted, [...LOOPBACK, ...lan?.addresses ?? []], create);
    if (!listening) continue;
    const { port, servers } = listening;
    const lanOrigins = [...lan?.addresses ?? [], ...lan?.names ?? []]
      .map((name) => `https://${name}:${port}`);
    const origins = [`http://localhost:${port}`, `http://127.0.0.1:${port}`, ...lanOrigins];
    for (const origin of origins) names.set(new URL(origin).host, origin);
    return {
      port,
      isSecondChoice: at > 0,
      origin: origins[0]!,
      origins,
      lanOrigins,
      [Symbol.asyncDispose]: () => closeAll(servers),
    };
  }
  const which = ports.length === 1
    ? `port ${ports[0]} is`
    : `ports ${ports[0]} to ${ports.at(-1)} are`;
  throw badSetting(`${which} in use. Name another by --port, or 0 for any free one`);
}

const MISDIRECTED: DevAnswer = {
  status: 421,
  type: "text/plain; charset=utf-8",
  body: "This is not its address\n",
};

async function answerTo(
  { method = "", url = "/", headers }: IncomingMessage,
  origin: string,
  answer: DevServerOptions["answer"],
): Promise<DevAnswer> {
  const plain = (status: number, body: string) => ({
    status,
    type: "text/plain; charset=utf-8",
    body,
  });
  if (method !== "GET" && method !== "HEAD") {
    return { ...plain(405, "This takes GET and HEAD\n"), headers: { allow: "GET, HEAD" } };
  }
  try {
    // The parser of URLs resolves "..", and leaves escapes as they are.
    const { pathname: path } = new URL(url, origin);
    // Browsers say what a request is for; others ask for documents mostly.
    const isNavigation = (headers["sec-fetch-mode"] ?? "navigate") === "navigate";
    return await answer({ origin, path, isNavigation });
  } catch (error) {
    return plain(500, `Cannot answer: ${(error as Error).message}\n`);
  }
}

/** @returns Undefined if the port is in use at one of the addresses. */
async function listenAt(
  wanted: number,
  addresses: readonly string[],
  create: (address: string) => Server,
): Promise<{ port: number; servers: Server[] } | undefined> {
  const servers: Server[] = [];
  let port = wanted;
  // Some systems let a program listen at 127.0.0.1 while another has the port at all addresses.
  if (wanted !== 0 && await isTaken(wanted)) return undefined;
  for (const address of addresses) {
    const server = create(address);
    server.listen(port, address);
    try {
      await once(server, "listening");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // A machine may have no IPv6.
      if (address === "::1" && code !== "EADDRINUSE") continue;
      await closeAll(servers);
      if (code === "EADDRINUSE") {
        // A free port at one address may be in use at another.
        return wanted === 0 ? await listenAt(0, addresses, create) : undefined;
      }
      const advice = code === "EACCES" ? ". Ports below 1024 are for administrators" : "";
      throw badSetting(`--port ${wanted} at ${address} cannot be used: ${message}${advice}`);
    }
    servers.push(server);
    port = (server.address() as AddressInfo).port;
  }
  return { port, servers };
}

/** Whether somebody answers at a port of this machine. */
async function isTaken(port: number): Promise<boolean> {
  const socket = createConnection(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function closeAll(servers: Server[]): Promise<void> {
  await Promise.all(servers.map(async (server) => {
    const closed = once(server, "close");
    server.close();
    (server as Partial<Pick<ReturnType<typeof createServer>, "closeAllConnections">>)
      .closeAllConnections?.();
    await closed;
  }));
}
