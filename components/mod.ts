/**
 * The page's end of Lighthouse. Importing this defines nothing; `define.ts` does.
 *
 * @module
 */
export { LighthouseTunnel, type TunnelStats } from "./lighthouse_tunnel.ts";
export { DeviceChangeEvent, SocketErrorEvent, StateChangeEvent } from "./events.ts";
export { TunnelSocket } from "./socket.ts";
export type { DeviceName } from "./device_store.ts";
export type { TunnelState } from "./dialler.ts";
export type { PeerPath, PeerStats } from "./peer.ts";
export { type ErrorCode, LighthouseError } from "../wire/mod.ts";
