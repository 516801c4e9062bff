// The opening handshake of a WebSocket over a stream. The messages follow in websocket_message.ts.
//
// The handshake is HTTP's own (RFC 6455 §4), so it uses the heads of http.ts. The opening head names
// the protocol to change to; the answering head accepts by status 101, or refuses by any other. Headers
// of a single connection (`Connection`, `Sec-WebSocket-Key`, `-Accept`, `-Version`, `-Extensions`) do
// not travel: the host makes its own for the backend.
//
//     {"upgrade":"websocket","method":"GET","target":"/live","body":true,
//      "headers":[["origin","https://…"],["sec-websocket-protocol","a, b"]]}
//
//     {"status":101,"statusText":"","headers":[["sec-websocket-protocol","a"]],"body":true}
//     {"status":404,"statusText":"Not Found","headers":[],"body":false}
import { LighthouseError } from "../error.ts";
import type { Stream } from "../session/stream.ts";
import {
  encodeHead,
  type HeaderField,
  type OpenStream,
  parseResponseHead,
  type StreamOpener,
} from "./http.ts";

const PROTOCOL = "sec-websocket-protocol";

/** A page's request for a WebSocket. */
export interface WebSocketOpening {
  /** Origin form (RFC 9112 §3.2.1): a path from the root, with its query. */
  target: string;
  headers: HeaderField[];
  /** Subprotocols, the preferred first: distinct tokens. */
  protocols: string[];
}

/** A WebSocket that the backend has accepted. */
export interface OpenWebSocket {
  /** Carries messages both ways. */
  stream: OpenStream;
  /** The subprotocol that the backend has chosen, or "". */
  protocol: string;
  /** All headers of the answer. */
  headers: HeaderField[];
}

/**
 * Opens a WebSocket over the session.
 *
 * @param signal Resets the stream when aborted, before and after the opening.
 * @throws {LighthouseError} The reason of the stream's end; `backend-failed` when the backend refuses.
 */
export async function openWebSocket(
  session: StreamOpener,
  { target, headers, protocols }: WebSocketOpening,
  signal: AbortSignal,
): Promise<OpenWebSocket> {
  signal.throwIfAborted();
  const offered: HeaderField[] = protocols.length > 0 ? [[PROTOCOL, protocols.join(", ")]] : [];
  const stream = session.open(encodeHead({
    upgrade: "websocket",
    method: "GET",
    target,
    headers: [...headers, ...offered],
    body: true,
  }));
  const abort = () => stream.reset(LighthouseError.from(signal.reason, "aborted"));
  signal.addEventListener("abort", abort);
  stream.closed.then(() => signal.removeEventListener("abort", abort));
  try {
    const answer = parseResponseHead(await stream.head, 101);
    if (answer.status !== 101) {
      throw new LighthouseError(
        "backend-failed",
        `The backend refuses the WebSocket: ${answer.status} ${answer.statusText}`.trim(),
      );
    }
    const { headers } = answer;
    return { stream, protocol: protocolsOf(headers)[0] ?? "", headers };
  } catch (error) {
    stream.reset(LighthouseError.from(error, "bad-frame"));
    throw error;
  }
}

/**
 * Accepts an opening: messages may follow.
 *
 * @param protocol The chosen subprotocol, or "".
 * @param more Further headers of the answer.
 */
export function acceptWebSocket(
  stream: Stream,
  protocol: string,
  more: HeaderField[] = [],
): void {
  const headers: HeaderField[] = protocol ? [[PROTOCOL, protocol], ...more] : more;
  stream.sendHead(encodeHead({ status: 101, statusText: "", headers, body: true }));
}

/** Refuses an opening by the backend's status, which is not 101. */
export function refuseWebSocket(stream: Stream, status: number, statusText: string): void {
  stream.sendHead(encodeHead({ status, statusText, headers: [], body: false }));
  stream.end();
  stream.ignore();
}

/** The subprotocols that a head names. */
export function protocolsOf(headers: HeaderField[]): string[] {
  return headers.filter(([name]) => name.toLowerCase() === PROTOCOL)
    .flatMap(([, value]) => value.split(",").map((name) => name.trim()).filter(Boolean));
}
