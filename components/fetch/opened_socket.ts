// The two directions of a WebSocket that is open, whichever way its messages go.
import {
  type LighthouseError,
  type OpenWebSocket,
  openWebSocket,
  readWebSocket,
  type StreamOpener,
  type WebSocketMessage,
  type WebSocketOpening,
  WebSocketWriter,
} from "../../wire/mod.ts";
import { clientHeaders } from "./client_headers.ts";
import type { Connect } from "./fetch.ts";

/** A WebSocket that the backend has accepted. */
export interface OpenedSocket {
  /** The subprotocol that the backend has chosen, or "". */
  readonly protocol: string;
  /** What the backend sends, to its CLOSE. Fails with the reason why the connection was lost. */
  readonly messages: AsyncIterable<WebSocketMessage>;
  /** Takes what the page sends. */
  readonly writer: SocketWriter;
  /** Ends both directions at once. */
  reset(error: LighthouseError): void;
}

/** The page's direction of a WebSocket, as WebSocketWriter has it. */
export type SocketWriter = Pick<WebSocketWriter, "buffered" | "send" | "close" | "abandon">;

/**
 * Opens a WebSocket.
 *
 * @param signal Ends it when aborted before it is open.
 * @throws {LighthouseError} Why it is not open: `backend-failed` where the backend refuses.
 */
export type OpenSocket = (opening: WebSocketOpening, signal: AbortSignal) => Promise<OpenedSocket>;

/** Opens WebSockets on streams of the session. */
export function openByStream(connect: Connect): OpenSocket {
  return async (opening, signal) => {
    const { stream, protocol } = await openOnStream(await connect(signal), opening, signal);
    return {
      protocol,
      messages: readWebSocket(stream.readable),
      writer: new WebSocketWriter(stream.writable),
      reset: (error) => stream.reset(error),
    };
  };
}

/** Opens a WebSocket on a stream of its own, with the headers that a browser adds to the opening's. */
export async function openOnStream(
  session: StreamOpener,
  opening: WebSocketOpening,
  signal: AbortSignal,
): Promise<OpenWebSocket> {
  const { headers } = opening;
  const sent = [...clientHeaders({ method: "GET", mode: "websocket", headers })];
  return await openWebSocket(session, { ...opening, headers: sent }, signal);
}
