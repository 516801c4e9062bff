// Measures a connection.
import { LighthouseError } from "../../wire/mod.ts";
import type { Connection } from "./connection.ts";
import type { PeerStats } from "./peer.ts";

/** The result of the element's `stats`. */
export interface TunnelStats extends PeerStats {
  /** The newest measured round-trip time in milliseconds; undefined before the first. */
  roundTripTime: number | undefined;
}

/** @throws {LighthouseError} `closed` while not connected. */
export async function measure(
  { session, way, isResting }: Pick<Connection, "session" | "way" | "isResting">,
): Promise<TunnelStats> {
  if (!way || !(session?.carriers || isResting)) {
    throw new LighthouseError("closed", "Cannot read statistics: not connected");
  }
  return { ...await way.stats(), roundTripTime: session?.roundTripTime };
}
