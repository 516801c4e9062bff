// Parts that many attacks share: sessions one after the other, and bodies in pieces.
import type { Frame } from "../../wire/session/frame.ts";
import type { Guest } from "./guest.ts";
import type { RawCarrier, RawCarrierOptions } from "./raw_carrier.ts";

const PIECE = 16 * 1024;

/** Sends frames one by one, at the pace of the protocol. */
export async function sendAll(
  guest: Guest,
  carrier: RawCarrier,
  frames: Iterable<Frame>,
): Promise<void> {
  for (const frame of frames) {
    while (!carrier.isInPace || !carrier.hasRoom) {
      await guest.sleep(1);
      if (!carrier.isOpen || guest.ending.aborted) return;
    }
    carrier.send([frame]);
    if (frame.type === "data") guest.count("bytes", frame.bytes.length);
  }
}

/** Sends bytes of a stream, from an offset on. */
export function* piecesOf(
  stream: number,
  bytes: Uint8Array<ArrayBuffer>,
  from = 0,
): Generator<Frame> {
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    yield { type: "data", stream, offset: from + at, bytes: piece, end: false };
  }
}

/** Begins as many sessions as the host takes, and does the same in each. */
export async function inSessions(
  guest: Guest,
  act: (carrier: RawCarrier) => Promise<void>,
  options?: RawCarrierOptions,
): Promise<void> {
  await guest.repeat(async () => {
    const carrier = await guest.connectRaw(options);
    guest.count("sessions");
    await act(carrier);
  });
}

/** Writes as long as somebody reads. */
export function writeForever(
  response: { write(bytes: Uint8Array): boolean; once(event: "drain", then: () => void): unknown },
): void {
  const bytes = new Uint8Array(64 * 1024);
  const write = () => {
    while (response.write(bytes));
    response.once("drain", write);
  };
  write();
}
