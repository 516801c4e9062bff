// The status of a running host, which it gives on its control socket.
import type { Settings } from "../config/settings.ts";
import type { NetworksView } from "../doctor/networks.ts";
import type { RelayedState } from "../peers/relayed.ts";
import type { ConnectedPage } from "../peers/sessions.ts";
import type { SeenService } from "./look.ts";
import type { Standing } from "./monitor.ts";

/** The answer to `/status`. */
export interface HostStatus extends Standing {
  version: string;
  pid: number;
  /** Start of the process, in ISO 8601. */
  started: string;
  relay: string;
  registry: string;
  services: SeenService[];
  /** Prefixes of services that anybody reaches. */
  public: string[];
  devices: number;
  /** Requests answered since the start; requests and WebSockets under way. */
  requests: { answered: number; underWay: number };
  /** What host and pages see of their networks; a host of an earlier version does not tell. */
  networks?: NetworksView;
  /** The connected pages. A host of an older version does not tell. */
  connections?: ConnectedPage[];
  /** Sessions through the relay: whether pages get them, and dollars of today and of the budget a day. */
  relayed?: { state: RelayedState; spent: number; budget: number };
  /** The settings in force, from flags, environment and file, without passwords. */
  settings: Settings;
}
