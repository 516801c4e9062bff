// For tests: backends that answer with their name, as many as wanted behind one port.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Backends that are running. */
export interface NamedBackends extends AsyncDisposable {
  /** The URL of the one that answers with this name. */
  urlOf(name: string): string;
}

/** Starts them. */
export async function startNamedBackends(): Promise<NamedBackends> {
  const server = createServer(({ url }, response) => response.end(url!.split("/")[1]));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (name) => `http://127.0.0.1:${port}/${name}/`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
