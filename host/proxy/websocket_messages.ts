// Carries the messages of a WebSocket between page and backend, at the pace of the slower end, and counts
// the bytes that the host holds of them.
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { WebSocket } from "ws";
import {
  LighthouseError,
  NO_CLOSE_CODE,
  readWebSocket,
  type Stream,
  type WebSocketMessage,
  WebSocketWriter,
} from "../../wire/mod.ts";
import type { Share } from "../access/memory.ts";
import { busy } from "../access/shares.ts";
import { broken } from "./backend_errors.ts";

/** Bytes that may wait for one end before the host stops reading the other. */
const MAX_WAITING = 64 * 1024;

/** Bytes that a backend may send after the page is gone, before it takes note of the close. */
const MAX_LATE = 64 * 1024;

/** What a message that waits takes besides its bytes, in bytes: for many small ones that is most. */
const MESSAGE = 512;

/** Most messages to a backend between two turns of the event loop. */
const IN_A_TURN = 32;

/** The close code of a connection that was cut off (RFC 6455 §7.4.1). */
const CUT_OFF = 1006;

/** What a WebSocket has besides its backend's end. */
interface PageEnd {
  /** The connection of the backend's end. */
  connection: Socket;
  stream: Stream;
  /** Takes the bytes that the host holds. */
  share: Share;
}

/**
 * Sends the backend's messages to the page, and pauses the backend while the page is behind. Where the
 * share cannot grow for a message, resets the stream with `host-busy` and cuts the backend off.
 *
 * @param socket A socket that is paused.
 * @param options `name`: the backend's, for messages.
 */
export function sendToPage(
  socket: WebSocket,
  { connection, stream, share, name }: PageEnd & { name: string },
): WebSocketWriter {
  const writer = new WebSocketWriter(stream.writable);
  let trouble: Error | undefined;
  let isOver = false;
  let held = 0;
  /** Bytes of the message that is arriving, and of the last piece of it. */
  let arriving = 0;
  let last = 0;

  const waitForPage = () => {
    if (socket.isPaused) return;
    socket.pause();
    writer.idle.then(() => {
      if (!stream.signal.aborted) socket.resume();
    });
  };
  const count = () => {
    if (isOver) return;
    const now = arriving + writer.buffered;
    if (now < held) share.give(held - now);
    else if (!share.take(now - held)) {
      // What the page reads makes room. A message that is too large for all the room never ends.
      if (writer.buffered > 0) return waitForPage();
      stream.reset(busy("holds all the bytes of messages"));
      socket.terminate();
      return;
    }
    held = now;
  };
  // ws tells of whole messages only, of up to 16 MiB. This comes before its own listener.
  connection.prependListener("data", ({ length }: Buffer) => {
    last = length;
    arriving += length;
    count();
    if (isOver && arriving > MAX_LATE) socket.terminate();
  });
  socket.on("message", (data: Buffer, isBinary) => {
    if (isOver) return;
    arriving = Math.max(0, Math.min(arriving - frameLength(data), last));
    writer.send(isBinary ? "binary" : "text", data);
    writer.idle.then(count);
    if (writer.buffered >= MAX_WAITING) waitForPage();
  });
  socket.on("error", (error) => trouble = error);
  socket.on("close", (code, reason) => {
    if (code !== CUT_OFF) writer.close(code, reason.toString());
    else if (trouble) writer.close(CUT_OFF, socketFailure(name, trouble).message.slice(0, 120));
    else writer.end();
  });
  stream.closed.then(() => {
    isOver = true;
    arriving = 0;
    share.give();
  });
  socket.resume();
  return writer;
}

/** Bytes of a frame that a server sends (RFC 6455 §5.2). */
function frameLength({ length }: Buffer): number {
  return length + (length < 126 ? 2 : length < 65_536 ? 4 : 10);
}

/**
 * Sends the page's messages to the backend, up to the close. Discards whatever follows it.
 *
 * @param options `writer` tells the page what it does wrong. `onMessage` is called for each message.
 * @throws {LighthouseError} `host-busy` if the share cannot grow; the error of the stream.
 */
export async function sendToBackend(
  socket: WebSocket,
  { connection, stream, share, writer, onMessage }: PageEnd & {
    writer: WebSocketWriter;
    onMessage?: (isBinary: boolean, data: Uint8Array) => void;
  },
): Promise<void> {
  let isOver = false;
  let held = 0;
  let isGathering = false;
  /** Messages that the backend has not taken, and all of them. */
  let waiting = 0;
  let count = 0;
  const claim = (bytes: number) => {
    share.claim(bytes);
    held += bytes;
  };
  try {
    for await (const message of readWebSocket(stream.readable, claim)) {
      claim(MESSAGE);
      if (message.type === "text") onMessage?.(false, Buffer.from(message.data));
      else if (message.type === "binary") onMessage?.(true, message.data);
      // Small messages of one turn share a write: each costs as much as sending 16 KiB.
      if (!isGathering) {
        isGathering = true;
        connection.cork();
        setImmediate(() => {
          isGathering = false;
          connection.uncork();
        });
      }
      const bytes = held;
      held = 0;
      waiting++;
      await send(socket, message, () => waiting * MESSAGE < MAX_WAITING, () => {
        waiting--;
        if (!isOver) share.give(bytes);
      });
      if (message.type === "fault") writer.close(message.code, message.reason);
      if (++count % IN_A_TURN === 0) await nextTurn();
    }
    await stream.readable.cancel();
  } finally {
    isOver = true;
    share.give();
  }
}

/**
 * Resolves when the backend can take more.
 *
 * @param hasRoom Whether more messages may wait, whatever bytes they have.
 * @param onSent Called when it has taken the message.
 */
async function send(
  socket: WebSocket,
  message: WebSocketMessage,
  hasRoom: () => boolean,
  onSent: () => void,
): Promise<void> {
  if (message.type === "close" || message.type === "fault") {
    if (message.code === NO_CLOSE_CODE) socket.close();
    else socket.close(message.code, message.reason);
    return onSent();
  }
  await new Promise<void>((resolve) => {
    socket.send(message.data, () => {
      onSent();
      resolve();
    });
    if (socket.bufferedAmount < MAX_WAITING && hasRoom()) resolve();
  });
}

/** What ended a socket, or kept it from opening. */
export function socketFailure(name: string, cause: Error): LighthouseError {
  if (!cause.message.endsWith("timed out")) return broken(cause, name);
  const message = `The backend ${name} does not answer the WebSocket's opening`;
  return new LighthouseError("backend-timeout", message, { cause });
}
