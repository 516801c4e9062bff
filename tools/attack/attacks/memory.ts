// Attacks on memory: they make the host keep bytes that nobody will ever need.
import { concat } from "../../../wire/bytes.ts";
import type { Attack } from "../attack.ts";
import { RawCarrier } from "../raw_carrier.ts";
import { lengthBytes, requestFrame } from "../request.ts";
import { inSessions, piecesOf, sendAll, writeForever } from "../sessions.ts";

const STREAMS = 1_024;
const KiB = 1024;

const HEAD = concat(lengthBytes(60 * KiB), new Uint8Array(60 * KiB - 1));

export const unfinishedHeads: Attack = {
  name: "unfinished-heads",
  what: "1,024 heads of 60 KiB without their last byte, in one session after the other",
  run: (guest) =>
    inSessions(guest, async (carrier) => {
      for (let at = 0; at < STREAMS && !guest.ending.aborted; at++) {
        await sendAll(guest, carrier, piecesOf(1 + 2 * at, HEAD));
      }
    }),
};

/** Nothing of such a stream may be read, and all of it has to be kept. */
export const missingStarts: Attack = {
  name: "missing-starts",
  what: "64 KiB of 1,024 streams without their first byte, in one session after the other",
  run: (guest) =>
    inSessions(guest, async (carrier) => {
      const bytes = new Uint8Array(64 * KiB - 1);
      for (let at = 0; at < STREAMS && !guest.ending.aborted; at++) {
        await sendAll(guest, carrier, piecesOf(1 + 2 * at, bytes, 1));
      }
    }),
};

/** Sessions without a connection stay for two minutes, with all that they hold. */
export const sessionsAway: Attack = {
  name: "sessions-away",
  what: "sessions with 1,024 unread downloads that are left without a word, one after the other",
  routes: { "GET /endless": (_request, response) => writeForever(response) },
  run: (guest) =>
    guest.repeat(async () => {
      const { page, channel, proof } = await guest.connect();
      const carrier = await RawCarrier.open(channel, { proof, credit: 2 ** 40 });
      guest.count("sessions");
      const downloads = Array.from({ length: STREAMS }, (_, at) =>
        requestFrame(1 + 2 * at, { target: "/endless" }));
      await sendAll(guest, carrier, downloads);
      await guest.sleep(200);
      page.connection.close();
    }),
};

/** The guest grants all the credit that there is, and acknowledges nothing. */
export const unreadDownloads: Attack = {
  name: "unread-downloads",
  what: "1,024 downloads a session that are never acknowledged, with endless credit",
  routes: { "GET /endless": (_request, response) => writeForever(response) },
  run: (guest) =>
    inSessions(guest, async (carrier) => {
      const downloads = Array.from({ length: STREAMS }, (_, at) =>
        requestFrame(1 + 2 * at, { target: "/endless" }));
      await sendAll(guest, carrier, downloads);
      await guest.sleep(1_000);
    }, { credit: 2 ** 40 }),
};

export const deafBackend: Attack = {
  name: "deaf-backend",
  what: "uploads to a backend that does not read, 512 at once in one session after the other",
  routes: { "POST /deaf": (request) => void request.pause() },
  run: (guest) =>
    inSessions(guest, async (carrier) => {
      const body = new Uint8Array(60 * KiB);
      for (let at = 0; at < STREAMS / 2 && !guest.ending.aborted; at++) {
        const stream = 1 + 2 * at;
        const head = requestFrame(stream, { method: "POST", target: "/deaf", body: true });
        const from = head.type === "data" ? head.bytes.length : 0;
        await sendAll(guest, carrier, [head, ...piecesOf(stream, body, from)]);
      }
    }),
};
