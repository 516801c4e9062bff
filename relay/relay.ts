// The relay's core decides who may connect, and who may send to whom. It is a pure function of the event,
// the environment, `lookup` and `post`, keeps no state between calls, and uses web standards only.
import { type ErrorCode, LighthouseError } from "../wire/error.ts";
import { isAdmission, OPEN, parseProtocols, SUBPROTOCOL } from "../wire/signal/admission.ts";
import {
  byteLength,
  DEFAULT_HOST,
  MAX_MESSAGE_BYTES,
  ME,
  parseSendSignal,
  REGISTRY,
} from "../wire/signal/envelope.ts";
import { isProvenHost } from "../wire/signal/registration.ts";
import type { GatewayEvent } from "./event.ts";
import type { Registration } from "./registration.ts";

/** The relay's configuration. */
export interface RelayEnvironment {
  /** Finds hosts. */
  lookup: Lookup;
  /** Origins whose pages may connect, such as `https://you.github.io`. */
  allowedOrigins: readonly string[];
  /** Finds the hosts' admission keys. @default all hosts are open */
  admissionKeys?: AdmissionKeys;
  /** The raw public keys of hosts that register through the relay, in base64url by name. @default none */
  hostKeys?: ReadonlyMap<string, string>;
  /** The registry that these hosts read and write. @default hosts write their registry themselves */
  registration?: Pick<Registration, "answer">;
}

/**
 * Finds the connectionId of a registered host; undefined if it is not registered.
 *
 * @param host The host's name.
 * @param options `fresh`: read again, since the cached value has proved wrong.
 * @throws {LighthouseError} With the error for the sender.
 */
export type Lookup = (host: string, options?: { fresh?: boolean }) => Promise<string | undefined>;

/**
 * Finds a host's admission key; `open` if strangers may connect to reach it, and undefined if nobody has
 * registered under that name.
 *
 * @param options `fresh`: read again if the cached key may be old, since it has proved wrong.
 */
export type AdmissionKeys = (
  host: string,
  options?: { fresh?: boolean },
) => Promise<string | undefined>;

/** The outcome of a post. `gone`: the connection is closed or has never existed. */
export type Delivery = "delivered" | "gone" | "too-large" | "failed";

/** Posts text to a connection. Never rejects. */
export type Post = (connectionId: string, text: string) => Promise<Delivery>;

/** The longest text that the relay posts, in bytes: `from` may be longer than what it replaces. */
const MAX_POST_BYTES = MAX_MESSAGE_BYTES + 256;

/** The answer to API Gateway: 401 and 403 refuse a connection; messages are always answered with 200. */
export interface RelayResult {
  statusCode: 200 | 400 | 401 | 403;
  /** Headers of the handshake's answer. */
  headers?: Record<string, string>;
}

/**
 * Handles one event. If a message cannot be forwarded, its sender gets
 * `{"error":{"code":…,"message":…}}`. The relay never throws: API Gateway would turn an exception into
 * a bare "Internal server error".
 *
 * - Without `to`, a message goes to the host that it names.
 * - With `to: "me"`, it goes back to its sender, who learns its connectionId from `from`.
 * - With `to: "registry"`, it reads or writes the entry of the host that has signed it.
 * - Only hosts may use any other `to`: the sender names its host, and must be the connection which that
 *   host has registered. So a stranger costs the registry one read of one entry.
 */
export async function relay(
  event: GatewayEvent,
  environment: RelayEnvironment,
  post: Post,
): Promise<RelayResult> {
  switch (event.kind) {
    case "connect":
      return await open(event, environment);
    case "disconnect":
      return { statusCode: 200 };
    case "message": {
      const failure = await forward(event, environment, bounded(post));
      // The result does not matter: a closed connection needs no answer.
      if (failure) await post(event.connectionId, JSON.stringify({ error: failure }));
      return { statusCode: 200 };
    }
  }
}

/**
 * Opens a connection to clients that show an admission of a host or prove to be that host, and to all
 * others if the host that they name is open.
 *
 * A client that offers subprotocols needs one in the answer:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
 */
async function open(
  { origin, protocols }: GatewayEvent & { kind: "connect" },
  { allowedOrigins, admissionKeys = () => Promise.resolve(OPEN), hostKeys }: RelayEnvironment,
): Promise<RelayResult> {
  if (!isAllowed(origin, allowedOrigins)) return { statusCode: 403 };
  const shown = parseProtocols(protocols) ?? { host: DEFAULT_HOST };
  const { host, proof } = shown;
  const hostKey = proof && hostKeys?.get(host);
  const isHost = hostKey && await isProvenHost(host, proof, hostKey, Date.now());
  const isGood = async (key = "") => key === OPEN || await isAdmission(shown, key, Date.now());
  if (
    !isHost &&
    !await isGood(await admissionKeys(host)) &&
    !await isGood(await admissionKeys(host, { fresh: true }))
  ) return { statusCode: 401 };
  if (!protocols.includes(SUBPROTOCOL)) return { statusCode: 200 };
  return { statusCode: 200, headers: { "Sec-WebSocket-Protocol": SUBPROTOCOL } };
}

/** Programs send no Origin, so this keeps out only other sites' pages. Nothing else relies on it. */
function isAllowed(origin: string | undefined, allowed: readonly string[]): boolean {
  return origin === undefined || (origin !== "" && allowed.includes(origin));
}

/** The error for a sender. */
interface Failure {
  code: ErrorCode;
  message: string;
  /** The connection that the sender addressed, if it addressed one. */
  to?: string;
}

/** JSON may grow while it is read and written again: 1e20 has 21 digits then, and AWS bills them. */
function bounded(post: Post): Post {
  return async (connectionId, text) =>
    byteLength(text) > MAX_POST_BYTES ? "too-large" : await post(connectionId, text);
}

async function forward(
  { connectionId: sender, body }: GatewayEvent & { kind: "message" },
  { lookup, registration }: RelayEnvironment,
  post: Post,
): Promise<Failure | undefined> {
  if (body === undefined) {
    return { code: "bad-message", message: "Cannot forward the message: it is not text" };
  }
  let to: string | undefined;
  try {
    const message = parseSendSignal(body);
    const { host = DEFAULT_HOST, data } = message;
    to = message.to;
    if (to === REGISTRY && registration) {
      const answer = await registration.answer({ host, sender, data });
      return failureOf(await post(sender, JSON.stringify({ from: REGISTRY, data: answer })), to);
    }
    if (to === ME) return failureOf(await post(sender, JSON.stringify({ from: sender, data })), to);
    if (to === undefined) {
      const text = JSON.stringify({ from: sender, data });
      return failureOf(await postToHost(host, text, lookup, post));
    }
    if (!await isHost(sender, host, lookup)) {
      const message = 'Cannot forward the message: only the host may use "to". ' +
        "Leave it out to reach the host";
      return { code: "not-allowed", message, to };
    }
    return failureOf(await post(to, JSON.stringify({ data })), to);
  } catch (error) {
    const { code, message } = LighthouseError.from(error, "bad-message");
    return { code, message, ...to === REGISTRY && { to } };
  }
}

/** Tries once more with a fresh lookup if the connection is gone: the host may have reconnected. */
async function postToHost(
  host: string,
  text: string,
  lookup: Lookup,
  post: Post,
): Promise<Delivery> {
  const known = await lookup(host);
  if (known === undefined) return "gone";
  const delivery = await post(known, text);
  if (delivery !== "gone") return delivery;
  const current = await lookup(host, { fresh: true });
  return current === undefined || current === known ? "gone" : await post(current, text);
}

async function isHost(sender: string, host: string, lookup: Lookup): Promise<boolean> {
  return sender === await lookup(host) || sender === await lookup(host, { fresh: true });
}

/** @param to The addressed connection; undefined for the host. */
function failureOf(delivery: Delivery, to?: string): Failure | undefined {
  switch (delivery) {
    case "delivered":
      return undefined;
    case "gone":
      return to === undefined
        ? { code: "host-offline", message: "The host is not connected to this relay" }
        : { code: "peer-gone", message: "The connection that was addressed is closed", to };
    case "too-large": {
      const message = "Cannot forward the message: the gateway refused its size";
      return { code: "too-large", message, to };
    }
    case "failed": {
      const message = "Cannot forward the message: the gateway refused the post";
      return { code: "relay-failed", message, to };
    }
  }
}
