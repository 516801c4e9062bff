// For tests: backends that answer with their name, as many as wanted behind one port.
import { createServer } from "node:http";
import { listen } from "./listen.ts";

/** Backends that are running. */
export interface NamedBackends extends AsyncDisposable {
  /** The URL of the one that answers with this name. */
  urlOf(name: string): string;
}

/** Starts them. */
export async function startNamedBackends(): Promise<NamedBackends> {
  const server = createServer(({ url }, response) => response.end(url!.split("/")[1]));
  const { url, close } = await listen(server);
  return {
    urlOf: (name) => `${url}/${name}/`,
    [Symbol.asyncDispose]: close,
  };
}
