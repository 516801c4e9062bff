// A WebSocket over a stream: its opening handshake. websocket_message.ts has the messages that follow.
//
// The handshake is HTTP's own (RFC 6455 §4), so its heads are those of http.ts. The head that opens
// the stream names the protocol to go over to, and the one that answers accepts by status 101, or
// refuses by any other. What is about a single connection (`Connection`, `Sec-WebSocket-Key`,
// `-Accept`, `-Version`, `-Extensions`) does not travel: the host makes it up anew for the backend.
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

/** What a page asks for. */
export interface WebSocketOpening {
  /** Origin form (RFC 9112 §3.2.1): a path from the root, with its query. */
  target: string;
  headers: HeaderField[];
  /** Subprotocols, the most wanted first. Each is a token, none is there twice. */
  protocols: string[];
}

/** A WebSocket that the backend has accepted. */
export interface OpenWebSocket {
  /** Carries messages both ways. */
  stream: OpenStream;
  /** The subprotocol that the backend has chosen, or "". */
  protocol: string;
}

/**
 * Opens a WebSocket over the session.
 *
 * @param signal Aborted, it resets the stream, for as long as that lasts.
 * @throws {LighthouseError} what ended the stream; `backend-failed` when the backend refuses.
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
    return { stream, protocol: protocolsOf(answer.headers)[0] ?? "" };
  } catch (error) {
    stream.reset(LighthouseError.from(error, "bad-frame"));
    throw error;
  }
}

/** Answers an opening: messages may follow. @param protocol The subprotocol chosen, or "". */
export function acceptWebSocket(stream: Stream, protocol: string): void {
  const headers: HeaderField[] = protocol ? [[PROTOCOL, protocol]] : [];
  stream.sendHead(encodeHead({ status: 101, statusText: "", headers, body: true }));
}

/** Answers an opening by the status that the backend has answered in place of 101. */
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
