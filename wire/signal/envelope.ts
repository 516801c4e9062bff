// The messages between a WebSocket client and the relay. The relay reads only these.
//
//   page → relay     {"action":"sendSignal","to"?:"<connectionId>"|"me","host"?:"<name>","data":…}
//   host → relay     the same, with "action":"hostSignal", and "to":"registry" for its own registration
//   relay → client   {"from"?:"<connectionId>","data":…}
//                    {"error":{"code":…,"message":…,"to"?:…}}
import { type ErrorCode, isErrorCode, LighthouseError } from "../error.ts";
import { asRecord, asString, parseJson } from "../parse.ts";

/** The route of the WebSocket API that carries pages' signals (its `$request.body.action`). */
export const SEND_SIGNAL = "sendSignal";

/** The route for hosts' signals. It has a throttle of its own; the relay treats both alike. */
export const HOST_SIGNAL = "hostSignal";

/** Addresses the sender: the relay answers with the sender's own connectionId in `from`. */
export const ME = "me";

/** Addresses the relay's registry, and is the `from` of its answers: registration.ts. */
export const REGISTRY = "registry";

/**
 * The longest message that the relay takes, and the longest that it posts, in bytes of UTF-8. An offer
 * has 1 to 4 KB, and a full message of a relayed session fills it: API Gateway bills another message
 * above 32 KB, and closes the connection without a word on a larger frame.
 */
export const MAX_MESSAGE_BYTES = 32_000;

/** Ids are 12 to 16 characters today; AWS promises no length. */
const MAX_CONNECTION_ID = 128;

/** The host that is addressed where a message names no host. */
export const DEFAULT_HOST = "laptop";

/** The gateway's own answer to a message above its throttle. */
const TOO_MANY = "Too Many Requests";

/** What a client asks the relay to forward. */
export interface SendSignal {
  /** A connectionId, `"me"`, `"registry"`, or undefined for the host. */
  to?: string;
  /**
   * Where several hosts share a relay: without `to`, the host that the message is for; with it, the
   * host that sends it, by its own word. @default "laptop"
   */
  host?: string;
  /** Anything that JSON can hold. */
  data: unknown;
}

/** What the relay says to a client. */
export type RelayMessage =
  | {
    kind: "signal";
    /** The sender's connectionId, as the relay knows it; undefined if the host is the sender. */
    from?: string;
    data: unknown;
  }
  | {
    kind: "error";
    code: ErrorCode;
    message: string;
    /** The connectionId that the message was for, if it named one. */
    to?: string;
    /** Whether the gateway has dropped a message since there were too many. */
    isThrottled?: true;
  };

/** Writes a message to the relay. @param action Its route. @default "sendSignal" */
export function formatSendSignal(
  { to, host, data }: SendSignal,
  action: typeof SEND_SIGNAL | typeof HOST_SIGNAL = SEND_SIGNAL,
): string {
  return JSON.stringify({ action, to, host, data });
}

/**
 * Reads a host's name: 1 to 32 of `a` to `z`, digits and, inside, hyphens.
 *
 * @throws {TypeError} If the value is no such name.
 */
export function parseHostName(value: unknown): string {
  if (typeof value === "string" && /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(value)) {
    return value;
  }
  throw new TypeError("Cannot parse host: expected 1 to 32 of a to z, 0 to 9 and, inside, hyphens");
}

/** @throws {TypeError} With the path, where the value is no connectionId. */
export function parseConnectionId(value: unknown, path: string): string {
  const text = asString(value, path, MAX_CONNECTION_ID);
  if (/^[\w+/=-]+$/.test(text)) return text;
  throw new TypeError(`Cannot parse ${path}: expected a connectionId`);
}

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Reads a message to the relay.
 *
 * @throws {LighthouseError} `bad-message` with the path of the wrong value, or `too-large`.
 */
export function parseSendSignal(text: string): SendSignal {
  const size = byteLength(text);
  if (size > MAX_MESSAGE_BYTES) {
    throw new LighthouseError(
      "too-large",
      `Cannot forward the message: ${size} bytes are more than ${MAX_MESSAGE_BYTES}`,
    );
  }
  try {
    const body = asRecord(parseJson(text), "the message");
    if (body.action !== SEND_SIGNAL && body.action !== HOST_SIGNAL) {
      throw new TypeError(`Cannot parse action: expected "${SEND_SIGNAL}" or "${HOST_SIGNAL}"`);
    }
    if (body.data === undefined || body.data === null) {
      throw new TypeError("Cannot parse data: it is missing");
    }
    const to = body.to === undefined ? undefined : parseConnectionId(body.to, "to");
    const host = body.host === undefined ? undefined : parseHostName(body.host);
    return { to, host, data: body.data };
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}

/**
 * Reads a message from the relay. API Gateway's own answers (`{"message":"Forbidden",…}`) come out
 * as errors with the code `relay-failed`.
 *
 * @throws {LighthouseError} `bad-message` with the path of the wrong value.
 */
export function parseRelayMessage(text: string): RelayMessage {
  try {
    const body = asRecord(parseJson(text), "the relay's message");
    if (body.error !== undefined) {
      const error = asRecord(body.error, "error");
      return {
        kind: "error",
        code: isErrorCode(error.code) ? error.code : "relay-failed",
        message: String(error.message ?? "").slice(0, 1024),
        to: typeof error.to === "string" ? error.to : undefined,
      };
    }
    if (body.data === undefined && typeof body.message === "string") {
      const message = `API Gateway answered "${body.message.slice(0, 200)}"`;
      const isThrottled = body.message === TOO_MANY;
      return { kind: "error", code: "relay-failed", message, ...isThrottled && { isThrottled } };
    }
    if (body.data === undefined) throw new TypeError("Cannot parse data: it is missing");
    const from = body.from === undefined
      ? undefined
      : asString(body.from, "from", MAX_CONNECTION_ID);
    return { kind: "signal", from, data: body.data };
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}
