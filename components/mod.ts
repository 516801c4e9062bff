/**
 * The page's end of Lighthouse. Importing this defines nothing; `define.ts` does.
 *
 * @module
 */
export { LighthouseTunnel } from "./lighthouse_tunnel.ts";
export type { TunnelDiagnosis } from "./connection/diagnosis.ts";
export type { TunnelStats } from "./connection/stats.ts";
export {
  DeviceChangeEvent,
  type LighthouseTunnelEventMap,
  SocketErrorEvent,
  StateChangeEvent,
} from "./events.ts";
export { TunnelSocket, type TunnelSocketEventMap } from "./fetch/socket.ts";
export type { TunnelSocketConstructor } from "./fetch/socket_constructor.ts";
export type { DeviceName } from "./identity/device_store.ts";
export type { TunnelState } from "./connection/connection_state.ts";
export type { TextName, Texts } from "./texts/network_texts.ts";
export type { PeerPath, PeerStats } from "./connection/peer.ts";
export { type ErrorCode, LighthouseError } from "../wire/mod.ts";
