// For tests: any number of backends behind one port that answer with their names.
import { createServer } from "node:http";
import { listen } from "./listen.ts";

/** Running backends. */
export interface NamedBackends extends AsyncDisposable {
  /** Returns the URL of the backend with this name. */
  urlOf(name: string): string;
}

/** Starts the backends. */
export async function startNamedBackends(): Promise<NamedBackends> {
  const server = createServer(({ url }, response) => response.end(url!.split("/")[1]));
  const { url, close } = await listen(server);
  return {
    urlOf: (name) => `${url}/${name}/`,
    [Symbol.asyncDispose]: close,
  };
}
