import { ByteWriter } from "../../../wire/bytes.ts";
import { encodeMessage, type Frame, MAX_MESSAGE_ACCEPTED } from "../../../wire/session/frame.ts";
import type { Attack } from "../attack.ts";
import { flood } from "../flood.ts";

const EMPTY = new Uint8Array();

/** Frames of a type that nobody knows have two bytes: the host skips 32,768 in a message. */
export const unknownFrames: Attack = {
  name: "unknown-frames",
  what: "64 KiB messages of 2-byte frames of an unknown type",
  async run(guest) {
    const writer = new ByteWriter(MAX_MESSAGE_ACCEPTED);
    for (let at = 0; at < MAX_MESSAGE_ACCEPTED / 2; at++) {
      writer.varint(0x3f);
      writer.varint(0);
    }
    const message = writer.finish();
    await guest.repeat(async () => flood(guest, await guest.connectRaw(), () => message));
  },
};

/** Frames about streams that never existed, or that say nothing. */
export const tinyFrames: Attack = {
  name: "tiny-frames",
  what: "64 KiB messages of frames of 4 to 6 bytes: DATA without bytes, CREDIT, STOP, DONE",
  async run(guest) {
    const kinds: ((at: number) => Frame)[] = [
      () => ({ type: "data", stream: 1, offset: 0, bytes: EMPTY, end: false }),
      (at) => ({ type: "credit", stream: 1 + 2 * (at % 64), received: 0, limit: at % 60 }),
      (at) => ({ type: "stop", stream: 1 + 2 * (at % 64) }),
      (at) => ({ type: "done", stream: 1 + 2 * (at % 64) }),
    ];
    const messages = kinds.map((kind) =>
      encodeMessage(Array.from({ length: 10_000 }, (_, at) => kind(at)))
    );
    let sent = 0;
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw();
      await flood(guest, carrier, () => messages[sent++ % messages.length]!);
    });
  },
};
