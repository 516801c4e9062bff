// What a WebSocket client and the relay say to each other. The relay reads nothing but this.
//
//   client → relay   {"action":"sendSignal","to"?:"<connectionId>"|"me","data":…}
//   relay → client   {"from"?:"<connectionId>","data":…}
//                    {"error":{"code":…,"message":…,"to"?:…}}
import { type ErrorCode, isErrorCode, LighthouseError } from "./error.ts";
import { asRecord, asString, parseJson } from "./parse.ts";

/** The route of the WebSocket API that carries signals (its `$request.body.action`). */
export const SEND_SIGNAL = "sendSignal";

/** Addressed to oneself: the relay answers with the sender's own connectionId in `from`. */
export const ME = "me";

/**
 * The longest message that the relay forwards, in bytes of UTF-8. A signal has 1 to 4 KB; API Gateway
 * takes no frame above 32 KB, and closes the connection without a word.
 */
export const MAX_MESSAGE_BYTES = 16 * 1024;

/** Ids are 12 to 16 characters today; AWS promises no length. */
const MAX_CONNECTION_ID = 128;

/** What a client asks the relay to forward. */
export interface SendSignal {
  /** A connectionId, `"me"`, or undefined for the host. */
  to?: string;
  /** Anything that JSON can hold. */
  data: unknown;
}

/** What the relay says to a client. */
export type RelayMessage =
  | {
    kind: "signal";
    /** Who sent it, stamped by the relay; undefined where it is the host. */
    from?: string;
    data: unknown;
  }
  | {
    kind: "error";
    code: ErrorCode;
    message: string;
    /** The connectionId that was addressed, where one was. */
    to?: string;
  };

/** Text of a message to the relay. */
export function formatSendSignal({ to, data }: SendSignal): string {
  return JSON.stringify({ action: SEND_SIGNAL, to, data });
}

/**
 * Reads a message to the relay.
 *
 * @throws {LighthouseError} `bad-message` with the path of what was wrong, or `too-large`.
 */
export function parseSendSignal(text: string): SendSignal {
  const size = new TextEncoder().encode(text).length;
  if (size > MAX_MESSAGE_BYTES) {
    throw new LighthouseError(
      "too-large",
      `Cannot forward the message: ${size} bytes are more than ${MAX_MESSAGE_BYTES}`,
    );
  }
  try {
    const body = asRecord(parseJson(text), "the message");
    if (body.action !== SEND_SIGNAL) {
      throw new TypeError(`Cannot parse action: expected "${SEND_SIGNAL}"`);
    }
    if (body.data === undefined || body.data === null) {
      throw new TypeError("Cannot parse data: it is missing");
    }
    const to = body.to === undefined ? undefined : asString(body.to, "to", MAX_CONNECTION_ID);
    if (to !== undefined && !/^[\w+/=-]+$/.test(to)) {
      throw new TypeError("Cannot parse to: expected a connectionId");
    }
    return { to, data: body.data };
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}

/**
 * Reads a message from the relay. API Gateway's own answers (`{"message":"Forbidden",…}`) come out
 * as errors with the code `relay-failed`.
 *
 * @throws {LighthouseError} `bad-message` with the path of what was wrong.
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
      return { kind: "error", code: "relay-failed", message };
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
