// Attacks by the heads of requests.
import type { HeaderField } from "../../../wire/mod.ts";
import { encodeMessage } from "../../../wire/session/frame.ts";
import type { Attack } from "../attack.ts";
import { flood } from "../flood.ts";
import { requestFrame, type RequestOptions } from "../request.ts";

/** Requests of one kind without a pause, and how many answers say what. */
function requests(options: RequestOptions): Attack["run"] {
  return (guest) =>
    guest.repeat(async () => {
      let stream = -1;
      let open = 0;
      const carrier = await guest.connectRaw({
        credit: 2 ** 40,
        onFrame: (frame) => {
          if (frame.type === "reset") guest.count(frame.code);
          if (frame.type === "done") open--;
        },
      });
      await flood(guest, carrier, () => {
        stream += 2;
        open++;
        return encodeMessage([requestFrame(stream, options)]);
      });
    });
}

const MANY = Array.from({ length: 256 }, (_, at): HeaderField => [`x-${at}`, "v".repeat(180)]);

export const bigHeads: Attack = {
  name: "big-heads",
  what: "requests with 256 headers and 48 KiB of them, as many as the protocol lets through",
  run: requests({ headers: MANY }),
};

export const wrongHeads: Attack = {
  name: "wrong-heads",
  what: "requests with a line feed in a header, or to no service",
  run: requests({ headers: [["x-a", "b\r\nLighthouse-Device: owner"]] }),
};

const NAMES = ["Lighthouse-Device-Id", "X-Forwarded-Host", "X-Forwarded-For", "Proxy", "X-Real-IP"];
const SIGNS = [..."!#$%&'*+.^_`|~-"];
const FORGED = NAMES.flatMap((name) => SIGNS.map((sign) => name.replaceAll("-", sign)));

let forged = 0;

export const spellings: Attack = {
  name: "spellings",
  what: `headers that only the host may set, in ${FORGED.length} spellings`,
  routes: {
    "GET /forged": ({ rawHeaders }, response) => {
      forged += rawHeaders.filter((value) => value === "forged").length;
      response.end();
    },
  },
  run: requests({
    target: "/forged",
    headers: FORGED.map((name): HeaderField => [name, "forged"]),
  }),
  judge: () => forged > 0 ? [`${forged} forged headers reached the backend`] : [],
};

export const jars: Attack = {
  name: "cookies",
  what: "answers that each set three new cookies of 4 KiB for a year",
  routes: {
    "GET /set": (_request, response) => {
      const value = "v".repeat(3_900);
      const cookies = Array.from(
        { length: 3 },
        () => `c${Math.random()}=${value}; Max-Age=31536000; Path=/p${Math.random()}`,
      );
      response.setHeader("set-cookie", cookies);
      response.end();
    },
  },
  run: requests({ target: "/set" }),
};
