// Storms: many small things that each make the host answer or build something.
import { encodeMessage, type Frame } from "../../../wire/session/frame.ts";
import { ID_BYTES, MAX_HELD } from "../../../wire/session/hello.ts";
import type { Attack } from "../attack.ts";
import { flood } from "../flood.ts";
import { requestFrame } from "../request.ts";

/** Messages whose frames name one stream after the other. */
function streamMessages(
  perMessage: number,
  framesOf: (stream: number) => Frame[],
): () => Uint8Array<ArrayBuffer> {
  let next = 1;
  return () =>
    encodeMessage(
      Array.from({ length: perMessage }, () => {
        const stream = next;
        next += 2;
        return framesOf(stream);
      }).flat(),
    );
}

export const streamStorm: Attack = {
  name: "stream-storm",
  what: "requests that are reset at once, 200 in a message",
  async run(guest) {
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw();
      const reset = { type: "reset", code: "aborted", message: "" } as const;
      const next = streamMessages(200, (stream) => [requestFrame(stream), { ...reset, stream }]);
      await flood(guest, carrier, next);
    });
  },
};

export const headlessStorm: Attack = {
  name: "headless-storm",
  what: "streams that are opened with a byte and reset at once, 2,000 in a message",
  async run(guest) {
    const bytes = new Uint8Array(1);
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw();
      const next = streamMessages(2_000, (stream) => [
        { type: "data", stream, offset: 0, bytes, end: false },
        { type: "reset", stream, code: "aborted", message: "" },
      ]);
      await flood(guest, carrier, next);
    });
  },
};

export const resetStorm: Attack = {
  name: "reset-storm",
  what: "RESET and END for 4,000 streams in a message, which never existed",
  async run(guest) {
    const bytes = new Uint8Array();
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw();
      const next = streamMessages(
        4_000,
        (stream) =>
          stream % 4 === 1
            ? [{ type: "reset", stream, code: "aborted", message: "" }]
            : [{ type: "data", stream, offset: 0, bytes, end: true }],
      );
      await flood(guest, carrier, next);
    });
  },
};

export const pingStorm: Attack = {
  name: "ping-storm",
  what: "messages of one PING each, as many as the channel takes",
  async run(guest) {
    let token = 0;
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw();
      await flood(guest, carrier, () => encodeMessage([{ type: "ping", token: ++token }]), {
        isInPace: false,
      });
    });
  },
};

/** Requests that the host refuses or answers itself. */
export const requestStorm: Attack = {
  name: "request-storm",
  what: "requests without a pause, 100 in a message, of which most are refused",
  async run(guest) {
    await guest.repeat(async () => {
      const carrier = await guest.connectRaw({ credit: 2 ** 40 });
      await flood(guest, carrier, streamMessages(100, (stream) => [requestFrame(stream)]));
    });
  },
};

/** Every connection takes up one session again, with a list as long as it may be. */
export const helloStorm: Attack = {
  name: "hello-storm",
  what: "connections that resume one session, each with a HELLO of 2,048 streams",
  async run(guest) {
    const session = crypto.getRandomValues(new Uint8Array(ID_BYTES));
    const held = Array.from({ length: MAX_HELD }, (_, at) => ({
      stream: at + 1,
      received: 0,
      limit: 65_536,
    }));
    await guest.connectRaw({ session });
    await guest.repeat(async () => {
      const mode = Math.random() < 0.5 ? "resume" : "join";
      await guest.connectRaw({ session, mode, held });
      guest.count("connections");
    });
  },
};
