// A backend with WebSockets, by ws, for tests: it echoes, it does what a script says, it refuses.
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type WebSocket, WebSocketServer } from "ws";
import { listen } from "./listen.ts";

/** What a scripted socket does, one step after the other. */
export type Step =
  | { do: "send"; data: string }
  /** One message in several frames. */
  | { do: "fragments"; parts: string[]; binary?: boolean }
  | { do: "ping" }
  | { do: "close"; code?: number; reason?: string }
  /** Ends the TCP connection, without a close. */
  | { do: "cut" }
  /** Puts bytes on the wire as they are, in hexadecimal. */
  | { do: "raw"; hex: string }
  /** Waits until messages have come since the last time. */
  | { do: "receive" };

/** A running backend. */
export interface SocketServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Sockets that are open. */
  readonly sockets: Set<WebSocket>;
  /** Codes and reasons with which sockets were closed, in their order. */
  readonly closes: string[];
  /** Header fields of the handshakes, in their order, and `:path`, as HTTP/2 calls it. */
  readonly handshakes: Record<string, string | string[] | undefined>[];
  /** Bytes that `/flood` has handed to TCP. */
  flooded: number;
}

/**
 * Starts a backend on 127.0.0.1.
 *
 * - `/echo` sends each message back; of the subprotocols it takes that of `?protocol=`, if any.
 * - `/script?[…]` does what the JSON of its {@linkcode Step}s says.
 * - `/status/404` refuses, and sets a cookie.
 * - `/silent` does not answer the handshake.
 * - `/deaf` reads nothing.
 * - `/flood?bytes=…` sends binary messages of 16 KiB, as fast as they are taken, then closes.
 *
 * Other paths are those: `/a/b/echo` is `/echo`.
 */
export async function startSocketServer(): Promise<SocketServer> {
  const server = createServer((_request, response) => void response.writeHead(426).end());
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (_offered, { url }) => parse(url).searchParams.get("protocol") ?? false,
  });
  const { url, close } = await listen(server);
  const running: SocketServer = {
    url,
    sockets: sockets.clients,
    closes: [],
    handshakes: [],
    flooded: 0,
    [Symbol.asyncDispose]: close,
  };
  server.on("upgrade", (request, socket, head) => {
    running.handshakes.push({ ":path": request.url, ...request.headers });
    const { pathname, search, searchParams } = parse(request.url);
    const [, name, status] = /(\w+)(?:\/(\d+))?$/.exec(pathname)!;
    if (name === "silent") return;
    if (name === "status") return refuse(socket, Number(status));
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", () => {});
      webSocket.on("close", (code, reason) => running.closes.push(`${code} ${reason}`.trim()));
      if (name === "deaf") webSocket.pause();
      else if (name === "flood") flood(webSocket, Number(searchParams.get("bytes")), running);
      else void serve(webSocket, socket, name === "script" ? stepsOf(search) : []);
    });
  });
  return running;
}

/** The path of a scripted socket. */
export function scriptPath(...steps: Step[]): string {
  return `/script?${encodeURIComponent(JSON.stringify(steps))}`;
}

function parse(url = "/"): URL {
  return new URL(url, "http://127.0.0.1");
}

function stepsOf(search: string): Step[] {
  return JSON.parse(decodeURIComponent(search.slice(1)));
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nSet-Cookie: refused=1; Path=/\r\nContent-Length: 2\r\n\r\nno`,
  );
}

async function serve(webSocket: WebSocket, socket: Duplex, steps: Step[]): Promise<void> {
  let received = Promise.withResolvers<void>();
  webSocket.on("message", (data: Buffer, binary) => {
    if (steps.length === 0) webSocket.send(data, { binary });
    received.resolve();
  });
  for (const step of steps) {
    switch (step.do) {
      case "send":
        webSocket.send(step.data);
        break;
      case "fragments":
        for (const [index, part] of step.parts.entries()) {
          const fin = index === step.parts.length - 1;
          webSocket.send(part, { fin, binary: step.binary ?? false });
        }
        break;
      case "ping": {
        const pong = new Promise((resolve) => webSocket.once("pong", resolve));
        webSocket.ping("are you there");
        await pong;
        break;
      }
      case "close":
        webSocket.close(step.code, step.reason);
        break;
      case "cut":
        // What was sent before is to arrive.
        await sleep(500);
        webSocket.terminate();
        break;
      case "raw":
        socket.write(Buffer.from(step.hex, "hex"));
        break;
      case "receive":
        await received.promise;
        received = Promise.withResolvers<void>();
        break;
    }
  }
}

function flood(webSocket: WebSocket, bytes: number, counts: { flooded: number }): void {
  const message = Buffer.alloc(16 * 1024, 7);
  let left = bytes;
  const more = () => {
    if (left <= 0) return webSocket.close(1000);
    left -= message.length;
    webSocket.send(message, () => {
      counts.flooded += message.length;
      setImmediate(more);
    });
  };
  more();
}
