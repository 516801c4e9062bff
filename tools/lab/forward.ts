// Leads ports over the network: servers listen on 127.0.0.1 of their own machine only.
import { forward } from "../testing/forward.ts";

/** Which ports lead where. */
export interface Forwarding {
  /** Addresses of this machine. */
  listen: string[];
  /** The address at which the same ports are reached. */
  to: string;
  ports: number[];
}

/** Forwards until the process ends. */
export async function forwardPorts({ listen, to, ports }: Forwarding): Promise<void> {
  const pairs = listen.flatMap((host) => ports.map((port) => ({ host, port })));
  await Promise.all(pairs.map(({ host, port }) => forward({ host, port }, { host: to, port })));
}
