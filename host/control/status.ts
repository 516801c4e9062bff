// What a running host tells of itself, by its control socket.
import type { Settings } from "../config/config.ts";
import type { SeenService } from "./look.ts";
import type { Standing } from "./monitor.ts";

/** What a host tells of itself. */
export interface HostStatus extends Standing {
  version: string;
  pid: number;
  /** When it started, as ISO 8601 has it. */
  started: string;
  relay: string;
  registry: string;
  services: SeenService[];
  /** What anybody reaches. */
  public: string[];
  devices: number;
  /** Those that were answered since the start; and those under way, WebSockets too. */
  requests: { answered: number; underWay: number };
  /** What it runs with, wherever that was set. */
  settings: Settings;
}
