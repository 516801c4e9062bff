/**
 * The protocol between page and host, by Web-standard APIs only: the same source runs in browsers,
 * Node, Deno and Lambda.
 *
 * @module
 */
export { type ErrorCode, errorCodes, isErrorCode, LighthouseError } from "./error.ts";
export {
  ADMISSION_KEY_BYTES,
  admissionObject,
  expiryOf,
  formatAdmissionObject,
  formatProof,
  formatProtocols,
  type HostProof,
  isAdmissionKey,
  makeAdmission,
  OPEN,
  parseAdmissionObject,
  SUBPROTOCOL,
} from "./signal/admission.ts";
export {
  DEFAULT_HOST,
  formatSendSignal,
  HOST_SIGNAL,
  MAX_MESSAGE_BYTES,
  ME,
  parseHostName,
  parseRelayMessage,
  REGISTRY,
  type RelayMessage,
  SEND_SIGNAL,
} from "./signal/envelope.ts";
export {
  earlyProofOf,
  type EarlySecret,
  importResumptionSecret,
  makeEarlySecret,
  ticketOf,
} from "./signal/early.ts";
export {
  entryKey,
  type HostEntry,
  isSignedBy,
  readHostEntry,
  readText,
  signHostEntry,
} from "./signal/host_entry.ts";
export { Handshake, readReply, type Reply, type UnsealedRefusal } from "./signal/handshake.ts";
export {
  KEY_BYTES,
  parseSignal,
  type SealedAnswer,
  type SealedOffer,
  type Signal,
} from "./signal/signal.ts";
export {
  MAX_SKEW_MS,
  parseRegistryAnswer,
  proveHost,
  type RegistryAnswer,
  type RegistryRequest,
  signRequest,
} from "./signal/registration.ts";
export { fromBase64url, toBase64url } from "./base64url.ts";
export { asRecord, asString } from "./parse.ts";
export { parseUrl } from "./parse_url.ts";
export {
  derivePairingKeys,
  formatPairingFragment,
  type PairingLink,
  parsePairingFragment,
  SECRET_BYTES,
} from "./signal/pairing.ts";
export {
  fingerprintOf,
  generateKeyPair,
  importTagKey,
  rawPublicKey,
  TAG_KEY_BYTES,
} from "./signal/keys.ts";
export { candidateKinds, isInner, type NetworkReport, parseReport } from "./signal/report.ts";
export {
  type Acceptance,
  type Answer,
  type EarlyMessages,
  MAX_NAME,
  type Offer,
  type OpenedOffer,
  openOffer,
  type Proven,
  type Refusal,
  sealOffer,
  type SealOfferOptions,
  type Sender,
  type SentOffer,
  taggedBytes,
} from "./signal/seal.ts";
export {
  DEFAULT_STUN,
  formatStunServers,
  type IceConfig,
  type IceServer,
  type IceUrl,
  parseIceServer,
  parseIceServers,
  parseIceUrl,
  parseIceUrls,
  parseStunServers,
  SECOND_STUN,
} from "./ice.ts";
export { diagnose, type Verdict, type Way, waysOf, type WayState } from "./diagnosis/diagnose.ts";
export { type Cause, CAUSES, type Cure, CURES } from "./diagnosis/texts.ts";
export { backoff } from "./backoff.ts";
export type { Channel } from "./session/channel.ts";
export { RelayedChannel, type RelayedKeys } from "./session/relayed_channel.ts";
export { RelayedBucket, type RelayedPace } from "./session/relayed_pace.ts";
export { Carrier } from "./session/carrier.ts";
export { EarlyChannel } from "./session/early_channel.ts";
export { EarlyStart } from "./session/early_start.ts";
export { type Hello, RESUMPTION_BYTES } from "./session/hello.ts";
export { HOST_LIVENESS, PAGE_LIVENESS } from "./session/liveness.ts";
export type { MemoryBudget } from "./session/memory_budget.ts";
export { Session, type SessionOptions } from "./session/session.ts";
export {
  decodePreamble,
  encodePreamble,
  MAX_STRIPES,
  newChannelName,
  PREAMBLE_BYTES,
  type StripePreamble,
  TICKET_BYTES as QUIC_TICKET_BYTES,
} from "./session/stripe_preamble.ts";
export { type ByteStream, StripedChannel } from "./session/striped_channel.ts";
export { isOffer, sendOffer, serveOffer } from "./http/lane_offer.ts";
export { MAX_HEAD } from "./session/head.ts";
export type { Stream } from "./session/stream.ts";
export { quicProofOf } from "./signal/proof.ts";
export type { QuicWay } from "./signal/quic_way.ts";
export {
  encodeHead,
  type HeaderField,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  MAX_FIELDS,
  type OpenStream,
  parseRequestHead,
  sendRequest,
  serveRequest,
  type StreamOpener,
  TOKEN,
} from "./http/http.ts";
export {
  acceptWebSocket,
  type OpenWebSocket,
  openWebSocket,
  protocolsOf,
  refuseWebSocket,
  type WebSocketOpening,
} from "./http/websocket.ts";
export {
  MAX_WEBSOCKET_MESSAGE,
  NO_CLOSE_CODE,
  readWebSocket,
  type WebSocketMessage,
} from "./http/websocket_message.ts";
export {
  BACKEND,
  COOKIES,
  COOKIES_PATH,
  FROM,
  ROOT,
  SERVICE,
  type ServiceList,
  SERVICES_PATH,
  type ServiceSummary,
  SET_COOKIE,
} from "./http/tunnel_headers.ts";
export { answerReport, exchangeReports, NETWORK_PATH, reportIn } from "./http/reports.ts";
export { WebSocketWriter } from "./http/websocket_writer.ts";
