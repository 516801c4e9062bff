// Attacks through the relay, and on the opening of connections.
import { randomBytes } from "node:crypto";
import { TestPage } from "../../../host/testing/page.ts";
import { formatSendSignal, sendOffer, type SentOffer, toBase64url } from "../../../wire/mod.ts";
import type { Attack } from "../attack.ts";
import type { Guest } from "../guest.ts";

/** Messages a second, as many as the gateway's stage lets through in AWS's default settings. */
export const A_SECOND = 100;

/** Sends messages to the relay at a rate, and counts the answers by their codes. */
export async function sendMessages(
  guest: Guest,
  next: () => object | Promise<object>,
): Promise<void> {
  await guest.repeat(async () => {
    const socket = await guest.openSocket();
    socket.on("message", (text) => {
      const { error, data = {} } = JSON.parse(String(text));
      guest.count(error?.code ?? data.code ?? data.type ?? "answers");
    });
    const began = performance.now();
    for (let sent = 0; !guest.ending.aborted && socket.readyState === socket.OPEN;) {
      const due = (performance.now() - began) / 1000 * A_SECOND;
      for (; sent < due; sent++) {
        socket.send(formatSendSignal({ data: await next() }));
        guest.count("messages");
      }
      await guest.sleep(5);
    }
    socket.terminate();
  });
}

/** Random bytes in base64url. */
export const randomText = (bytes: number) => toBase64url(new Uint8Array(randomBytes(bytes)));

/** An offer that nobody has sealed. */
function forgedOffer(): object {
  return {
    type: "sealed-offer",
    v: 1,
    time: Date.now(),
    nonce: randomText(16),
    enc: toBase64url(Uint8Array.of(4, ...randomBytes(64))),
    ct: randomText(1_000),
    tag: randomText(16),
  };
}

export const forgedOffers: Attack = {
  name: "forged-offers",
  what: `offers that nobody has sealed, ${A_SECOND} a second through the relay`,
  run: (guest) => sendMessages(guest, forgedOffer),
};

export const strangersOffers: Attack = {
  name: "strangers-offers",
  what: `offers of strangers to a public host, sealed well, ${A_SECOND} a second`,
  isPublic: true,
  run: (guest) => sendMessages(guest, async () => (await guest.device.seal()).signal),
};

export const replays: Attack = {
  name: "replays",
  what: `a device's offer again and again, as it was or with one sign changed`,
  async run(guest) {
    const page = guest.hold(new TestPage());
    const sdp = await page.offer;
    const { signal }: SentOffer = await guest.device.seal({ sdp });
    const changed = (): object => {
      const { ct } = signal;
      const at = Math.floor(Math.random() * ct.length);
      const sign = ct[at] === "A" ? "B" : "A";
      return Math.random() < 0.5
        ? signal
        : { ...signal, ct: ct.slice(0, at) + sign + ct.slice(at + 1) };
    };
    await sendMessages(guest, changed);
  },
  judge: ({ "sealed-answer": answers = 0 }) =>
    answers > 1 ? [`${answers} of the same offer's copies were answered`] : [],
};

export const refusedPairings: Attack = {
  name: "refused-pairings",
  what: `pairings by a secret that no link has, ${A_SECOND} a second`,
  async run(guest) {
    guest.device.sender = { kind: "pairing", secret: new Uint8Array(16).fill(7) };
    await sendMessages(
      guest,
      async () => (await guest.device.seal({ name: "\x1b[31mevil" })).signal,
    );
  },
};

export const halfOpen: Attack = {
  name: "half-open",
  what: "connections that are offered and never opened, as many as the host takes",
  run: (guest) =>
    guest.repeat(async () => {
      const page = guest.hold(new TestPage());
      await guest.dial(await page.offer);
      guest.count("answers");
    }),
};

/** Inside of a session, offers cost no message of the relay. */
export const lanes: Attack = {
  name: "lanes",
  what: "offers of further connections inside of a session, which are never opened",
  async run(guest) {
    const page = guest.hold(new TestPage());
    const sdp = await page.offer;
    await guest.repeat(async () => {
      const session = await guest.startSession();
      await guest.repeat(async () => {
        await Promise.all(
          Array.from({ length: 20 }, () =>
            sendOffer(session, sdp, guest.ending)
              .then(() => guest.count("answers"), (error) => guest.countError(error))),
        );
        await guest.sleep(1);
      });
    });
  },
};

export const connects: Attack = {
  name: "connects",
  what: "connections of one device that open and end at once, eight at a time",
  run: async (guest) => {
    const connect = async () => {
      const carrier = await guest.connectRaw();
      guest.count("connections");
      carrier.send([{ type: "close", code: "closed", message: "\x1b[2J\u202eevil\r\nERROR" }]);
    };
    await Promise.all(Array.from({ length: 8 }, () => guest.repeat(connect)));
  },
};

/** The host writes descriptions anew: libdatachannel must see none of these lines. */
export const wrongDescriptions: Attack = {
  name: "wrong-descriptions",
  what: "offers of a device with session descriptions that are wrong, sealed well",
  async run(guest) {
    const page = guest.hold(new TestPage());
    const sdp = await page.offer;
    const lines = sdp.split("\r\n");
    await guest.repeat(async () => {
      const at = Math.floor(Math.random() * lines.length);
      const wrong = lines.toSpliced(at, 1, lines[at]!.slice(0, -3) + "\0".repeat(40)).join("\r\n");
      guest.count("messages");
      await guest.dial(Math.random() < 0.5 ? wrong : "v=0\r\n".repeat(2_000));
    });
  },
};
