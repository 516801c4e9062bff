// Whether backends are there, for who asks how the host is.
import { once } from "node:events";
import { connect } from "node:net";
import { formatService, type ServiceConfig } from "../config/service_config.ts";

/** A service, and whether its backend takes connections; null where it has none. */
export interface SeenService {
  service: string;
  isUp: boolean | null;
}

/** Time for a backend to take a connection, in milliseconds. */
const LOOK_MS = 1_000;

/** Looks at all of them at once. */
export async function lookAt(services: ServiceConfig[]): Promise<SeenService[]> {
  return await Promise.all(services.map(async (config) => ({
    service: formatService(config),
    isUp: "backend" in config ? await takesConnections(config.backend) : null,
  })));
}

async function takesConnections({ hostname, port, protocol }: URL): Promise<boolean> {
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port) || (protocol === "https:" ? 443 : 80),
  });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(LOOK_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
