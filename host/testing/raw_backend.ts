// For tests: a backend that sends raw bytes that no HTTP server would send.
import { createServer, type Socket } from "node:net";
import { listen } from "../../tools/testing/listen.ts";

/** A running TCP server. */
export interface RawBackend extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: URL;
  /** Received data of each connection, in the order of opening. */
  readonly received: string[];
}

/**
 * Starts a backend on 127.0.0.1.
 *
 * @param onData Called after each arrival with all data of the connection so far.
 */
export async function startRawBackend(
  onData: (received: string, socket: Socket, connection: number) => void,
): Promise<RawBackend> {
  const received: string[] = [];
  const server = createServer((socket) => {
    const connection = received.push("") - 1;
    socket.on("error", () => {});
    socket.setEncoding("latin1").on("data", (text: string) => {
      received[connection] += text;
      onData(received[connection]!, socket, connection);
    });
  });
  const { url, close } = await listen(server);
  return { url: new URL(url), received, [Symbol.asyncDispose]: close };
}
