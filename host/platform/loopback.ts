// A small HTTP server on this machine only, for the inspector and the metrics.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { LighthouseError } from "../../wire/mod.ts";

/** A running server. */
export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * Serves on 127.0.0.1. It refuses requests for other host names with 421, against DNS rebinding: a web
 * page could make its own name point here.
 *
 * @param flag The flag of the port, for the error.
 * @param port 0 for any free one.
 * @throws {LighthouseError} `bad-config` if the port is not free.
 */
export async function serveLoopback(
  flag: string,
  port: number,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    const { host = "" } = request.headers;
    if (names.includes(host)) answer(request, response);
    else response.writeHead(421).end("This is not its address\n");
  });
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === "EADDRINUSE"
      ? "the port is in use. Name another, or 0 for any"
      : (cause as Error).message;
    throw new LighthouseError("bad-config", `Cannot use --${flag} ${port}: ${why}`, { cause });
  }
  const { port: own } = server.address() as AddressInfo;
  const names = [`127.0.0.1:${own}`, `localhost:${own}`];
  return {
    port: own,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
