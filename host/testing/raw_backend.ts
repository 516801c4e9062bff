// For tests: a backend that says what no HTTP server says, byte for byte.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A listening TCP server. */
export interface RawBackend extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: URL;
  /** What has arrived on each connection, in the order in which they were opened. */
  readonly received: string[];
}

/**
 * Starts a backend on 127.0.0.1.
 *
 * @param onData Called with all that has arrived on a connection so far, whenever more does.
 */
export async function startRawBackend(
  onData: (received: string, socket: Socket, connection: number) => void,
): Promise<RawBackend> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = received.push("") - 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    socket.setEncoding("latin1").on("data", (text: string) => {
      received[connection] += text;
      onData(received[connection]!, socket, connection);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    received,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
