// Leads ports over the network: servers listen on 127.0.0.1 of their own machine only.
import { connect, createServer } from "node:net";

/** Which ports lead where. */
export interface Forwarding {
  /** Addresses of this machine. */
  listen: string[];
  /** The address at which the same ports are reached. */
  to: string;
  ports: number[];
}

/** Forwards until the process ends. */
export async function forward({ listen, to, ports }: Forwarding): Promise<void> {
  const pairs = listen.flatMap((address) => ports.map((port) => ({ address, port })));
  await Promise.all(pairs.map(({ address, port }) => {
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port, host: to, noDelay: true });
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    });
    return new Promise<void>((resolve) => server.listen(port, address, resolve));
  }));
}
