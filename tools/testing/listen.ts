// For tests and tools: servers on 127.0.0.1.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A listening server. Its disposal also ends its connections, including upgraded ones. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:` and the port. */
  readonly url: string;
  /** Does the same as the disposal. */
  close(): Promise<void>;
}

/**
 * Makes a TCP or HTTP server listen on 127.0.0.1.
 *
 * @param wish The port. @default any free one.
 * @throws {Error} The server's error, such as `EADDRINUSE`.
 */
export async function listen(server: Server, wish = 0): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(wish, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  return { port, url: `http://127.0.0.1:${port}`, close, [Symbol.asyncDispose]: close };
}

/** Finds a free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  await using listening = await listen(createServer());
  return listening.port;
}
