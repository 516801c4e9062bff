// Checks whether backends accept connections, for `status`.
import { once } from "node:events";
import { connect } from "node:net";
import { formatService, type ServiceConfig } from "../config/service_config.ts";

/** A service, and whether its backend accepts connections; null for a folder. */
export interface SeenService {
  service: string;
  isUp: boolean | null;
}

/** Limit for a backend to accept a connection, in milliseconds. */
const LOOK_MS = 1_000;

/** Checks all backends at the same time. */
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
