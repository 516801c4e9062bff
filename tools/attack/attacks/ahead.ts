import { concat } from "../../../wire/bytes.ts";
import { encodeMessage } from "../../../wire/session/frame.ts";
import type { Attack } from "../attack.ts";
import { flood } from "../flood.ts";

/** 60 KiB of a frame that the host skips. */
const PADDING = concat(Uint8Array.of(0x3f, 0x80, 0x00, 0xf0, 0x00), new Uint8Array(60 * 1024));

/** The host reads them slower than they come, and node-datachannel keeps the rest. */
export const aheadOfAcks: Attack = {
  name: "ahead-of-acks",
  what: "messages of 60 KiB at full rate, without waiting for ACKs",
  async run(guest) {
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw();
      await flood(guest, carrier, () => PADDING, { isInPace: false });
    });
  },
};

export const slowAhead: Attack = {
  name: "slow-ahead",
  what: "messages of 1,000 requests at full rate, without waiting for ACKs",
  async run(guest) {
    const bytes = new Uint8Array(1);
    await guest.repeat(async () => {
      let stream = -1;
      const carrier = await guest.connectRaw();
      const next = () =>
        encodeMessage(
          Array.from({ length: 1_000 }, () => {
            stream += 2;
            return { type: "data", stream, offset: 0, bytes, end: true };
          }),
        );
      await flood(guest, carrier, next, { isInPace: false });
    });
  },
};

/** What comes before a HELLO is kept, since an unordered channel can deliver the HELLO last. */
export const beforeHello: Attack = {
  name: "before-hello",
  what: "connections that send 1 MiB before their HELLO",
  async run(guest) {
    await guest.repeat(async () => {
      const { channel, page } = await guest.connect();
      for (let at = 0; at < 16; at++) channel.send(PADDING);
      guest.count("connections");
      channel.onclose = () => page.connection.close();
    });
  },
};
