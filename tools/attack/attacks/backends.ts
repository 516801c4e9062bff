// Attacks by way of a backend: requests that it does not end, and WebSockets.
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { encodeMessage as encodeWebSocket } from "../../../wire/http/websocket_message.ts";
import { encodeMessage, type Frame } from "../../../wire/session/frame.ts";
import { startSocketServer } from "../../testing/socket_server.ts";
import type { Attack } from "../attack.ts";
import { flood } from "../flood.ts";
import { requestFrame } from "../request.ts";
import { inSessions, piecesOf, sendAll, writeForever } from "../sessions.ts";

const MiB = 1024 * 1024;

export const slowRequests: Attack = {
  name: "slow-requests",
  what: "256 requests a session that the backend does not answer, in one session after the other",
  routes: { "GET /slow": () => {} },
  run: (guest) =>
    inSessions(guest, async (carrier) => {
      const slow = Array.from({ length: 256 }, (_, at) =>
        requestFrame(1 + 2 * at, { target: "/slow" }));
      await sendAll(guest, carrier, slow);
      await guest.sleep(200);
    }),
};

/** Credit for one byte after the other: each byte would be a message. */
export const crumbs: Attack = {
  name: "crumbs",
  what: "128 downloads whose credit is raised byte by byte",
  routes: { "GET /endless": (_request, response) => writeForever(response) },
  async run(guest) {
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw();
      const streams = Array.from({ length: 128 }, (_, at) => 1 + 2 * at);
      await sendAll(
        guest,
        carrier,
        streams.map((stream) => requestFrame(stream, { target: "/endless" })),
      );
      let limit = 65_536;
      await flood(guest, carrier, () => {
        limit++;
        return encodeMessage(
          streams.map((stream): Frame => ({ type: "credit", stream, received: 0, limit })),
        );
      });
    });
  },
};

const BOMB = gzipSync(new Uint8Array(256 * MiB));

export const bombs: Attack = {
  name: "bombs",
  what: "answers in gzip that become 256 MiB, 64 at once, which nobody reads",
  routes: {
    "GET /bomb": (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(BOMB);
    },
  },
  run: (guest) =>
    inSessions(guest, async (carrier) => {
      const headers: [string, string][] = [["accept-encoding", "identity"]];
      const bombs = Array.from({ length: 64 }, (_, at) =>
        requestFrame(1 + 2 * at, { target: "/bomb", headers }));
      await sendAll(guest, carrier, bombs);
      await guest.sleep(500);
    }, { credit: 2 ** 40 }),
};

/** Starts a backend with WebSockets at /sockets. */
async function prepareSockets(stack: AsyncDisposableStack): Promise<string[]> {
  return ["--service", `/sockets=${stack.use(await startSocketServer()).url}`];
}

function openSocket(stream: number, target: string): Frame {
  return requestFrame(stream, { target: `/sockets${target}`, isWebSocket: true });
}

function lengthOf(frame: Frame): number {
  return frame.type === "data" ? frame.bytes.length : 0;
}

export const halfMessages: Attack = {
  name: "half-messages",
  what: "WebSockets that each send half of a message of 16 MiB, in one session after the other",
  prepare: prepareSockets,
  run: (guest) =>
    inSessions(guest, async (carrier) => {
      for (let stream = 1; stream < 64 && !guest.ending.aborted; stream += 2) {
        const opening = openSocket(stream, "/echo");
        const half = encodeWebSocket("binary", new Uint8Array(60_000), 16 * MiB);
        await sendAll(guest, carrier, [opening, ...piecesOf(stream, half, lengthOf(opening))]);
      }
      await guest.sleep(200);
    }),
};

export const deafSockets: Attack = {
  name: "deaf-sockets",
  what: "128 WebSockets that do not read what a backend sends without end",
  prepare: prepareSockets,
  run: (guest) =>
    inSessions(guest, async (carrier) => {
      const openings = Array.from({ length: 128 }, (_, at) =>
        openSocket(1 + 2 * at, `/flood?bytes=${2 ** 40}`));
      await sendAll(guest, carrier, openings);
      await guest.sleep(1_000);
    }, { credit: 2 ** 40 }),
};

/** Each message of one byte costs a frame, and the backend an event. */
export const tinyMessages: Attack = {
  name: "tiny-messages",
  what: "a WebSocket with messages of one byte, 2,000 at once, which the backend echoes",
  prepare: prepareSockets,
  async run(guest) {
    const messages = Array.from({ length: 2_000 }, () => [
      ...encodeWebSocket("binary", Uint8Array.of(7)),
    ]);
    const bytes = Uint8Array.from(messages.flat());
    await guest.repeat(async () => {
      let limit = 0;
      const carrier = await guest.connectRaw({
        credit: 2 ** 40,
        onFrame: (frame) => {
          if (frame.type === "credit") limit = frame.limit;
        },
      });
      const opening = openSocket(1, "/echo");
      carrier.send([opening]);
      for (let offset = lengthOf(opening); carrier.isOpen && !guest.ending.aborted;) {
        if (offset + bytes.length > Math.max(limit, 65_536)) {
          await sleep(1);
          continue;
        }
        await sendAll(guest, carrier, [
          { type: "data", stream: 1, offset, bytes, end: false },
        ]);
        offset += bytes.length;
        guest.count("messages", messages.length);
      }
    });
  },
};
