// For tests and tools: leads connections on. Servers listen on 127.0.0.1 of their own machine only, and each
// network namespace has a 127.0.0.1 of its own.
import { once } from "node:events";
import { connect, createServer, type ListenOptions, type NetConnectOpts } from "node:net";

/** Forwards TCP or Unix connections until the disposal, or the process's end. */
export async function forward(from: ListenOptions, to: NetConnectOpts): Promise<Disposable> {
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ noDelay: true, ...to });
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  server.listen(from);
  await once(server, "listening");
  return { [Symbol.dispose]: () => void server.close() };
}
