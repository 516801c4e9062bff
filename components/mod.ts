/**
 * The page's end of Lighthouse. Importing this defines nothing; `define.ts` does.
 *
 * @module
 */
export { LighthouseTunnel, type TunnelStats } from "./lighthouse_tunnel.ts";
export { StateChangeEvent } from "./events.ts";
export type { TunnelState } from "./dialler.ts";
export type { PeerPath, PeerStats } from "./peer.ts";
export { type ErrorCode, LighthouseError } from "../wire/mod.ts";
