/**
 * What travels between page and host. Web-standard APIs alone: the same source runs in a browser,
 * Node, Deno and Lambda.
 *
 * @module
 */
export { type ErrorCode, errorCodes, isErrorCode, LighthouseError } from "./error.ts";
export {
  formatSendSignal,
  MAX_MESSAGE_BYTES,
  ME,
  parseRelayMessage,
  parseSendSignal,
  type RelayMessage,
  SEND_SIGNAL,
  type SendSignal,
} from "./envelope.ts";
export { MAX_SDP, parseSignal, type Signal } from "./signal.ts";
export { DEFAULT_STUN, parseStunServers } from "./ice.ts";
export { backoff, type BackoffOptions } from "./backoff.ts";
export type { Channel } from "./channel.ts";
export { Session, type SessionOptions } from "./session.ts";
export {
  type HeaderField,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  sendRequest,
  serveRequest,
} from "./http.ts";
