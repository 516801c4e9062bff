// Attacks on sessions through the relay.
import { formatSendSignal, parseRelayMessage, sendRequest } from "../../../wire/mod.ts";
import type { Attack } from "../attack.ts";
import { A_SECOND, randomText, sendMessages } from "./offers.ts";

/** Messages of a page that are kept to be sent again. */
const KEPT = 64;

export const forgedRelayed: Attack = {
  name: "forged-relayed",
  what: `messages of a session that nobody has sealed, ${A_SECOND} a second through the relay`,
  isPublic: true,
  run: (guest) => sendMessages(guest, () => ({ type: "relayed", v: 1, ct: randomText(1_000) })),
};

export const meddledRelayed: Attack = {
  name: "meddled-relayed",
  what: "a device's own messages through the relay, each again, old ones, and with a sign changed",
  routes: { "POST /echo": (request, response) => void request.pipe(response) },
  run: (guest) =>
    guest.repeat(async () => {
      using page = await guest.connectRelayed();
      const { session, socket } = page;
      const kept: string[] = [];
      page.onSent = (ct) => {
        if (kept.push(ct) > KEPT) kept.shift();
        const old = kept[Math.floor(Math.random() * kept.length)]!;
        for (const copy of [ct, old, changed(old), changed(ct)]) {
          socket.send(formatSendSignal({ data: { type: "relayed", v: 1, ct: copy } }));
          guest.count("messages");
        }
      };
      socket.on("message", (text) => {
        const message = parseRelayMessage(String(text));
        if (message.kind === "error") guest.count(message.code);
      });
      while (!guest.ending.aborted && session.carriers > 0) {
        const body = randomText(100);
        const request = {
          method: "POST",
          target: "/echo",
          headers: [],
          body: new Blob([body]).stream(),
        };
        const answer = await sendRequest(session, request);
        const isExact = await new Response(answer.body).text() === body;
        guest.count(isExact ? "exact answers" : "wrong answers");
      }
    }),
  judge: ({ "wrong answers": wrong = 0 }) => wrong > 0 ? [`${wrong} answers were wrong`] : [],
};

/** The same with one sign changed. */
function changed(ct: string): string {
  const at = Math.floor(Math.random() * ct.length);
  return ct.slice(0, at) + (ct[at] === "A" ? "B" : "A") + ct.slice(at + 1);
}
