// For tests: somebody who was not invited, and floods the relay with handshakes and messages.
import { WebSocket } from "ws";
import { formatSendSignal, HOST_SIGNAL, makeAdmission, SEND_SIGNAL } from "../../wire/mod.ts";

/** What became of a flood. */
export interface FloodCounts {
  /** Handshakes, and those that were let in. */
  handshakes: number;
  opened: number;
  /** Messages that were sent. */
  messages: number;
}

/** Options of {@linkcode startFlood}. */
export interface FloodOptions {
  /** The relay's URL, and an origin that it allows. */
  url: string;
  origin: string;
  /** Handshakes a second, and messages a second by all connections that were opened. */
  perSecond: number;
  /** The routes of the messages. @default both */
  actions?: (typeof SEND_SIGNAL | typeof HOST_SIGNAL)[];
}

/** Time between bursts, in milliseconds. */
const BURST_MS = 50;

/** Most connections that the forger keeps. */
const MAX_KEPT = 200;

/** Floods the relay until it is disposed of. */
export async function startFlood(options: FloodOptions): Promise<FloodCounts & Disposable> {
  const { url, origin, perSecond, actions = [SEND_SIGNAL, HOST_SIGNAL] } = options;
  const shown = await forgeries();
  const kept: WebSocket[] = [];
  const flood = {
    handshakes: 0,
    opened: 0,
    messages: 0,
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const socket of kept) socket.terminate();
    },
  };
  const dial = () => {
    const protocols = shown[flood.handshakes++ % shown.length]!;
    const socket = new WebSocket(url, protocols, { origin });
    socket.on("error", () => {});
    socket.on("open", () => {
      flood.opened++;
      kept.push(socket);
      if (kept.length > MAX_KEPT) kept.shift()!.terminate();
    });
  };
  const speak = () => {
    const open = kept.filter(({ readyState }) => readyState === WebSocket.OPEN);
    const socket = open[flood.messages % open.length];
    if (!socket) return;
    const action = actions[flood.messages++ % actions.length];
    socket.send(formatSendSignal({ data: { type: "probe", nonce: "forged" } }, action));
  };
  let due = performance.now();
  const timer = setInterval(() => {
    for (; due < performance.now(); due += 1000 / perSecond) {
      dial();
      speak();
    }
  }, BURST_MS);
  return flood;
}

/** What strangers may show. */
async function forgeries(): Promise<string[][]> {
  const key = "A".repeat(43);
  const soon = Math.floor(Date.now() / 1000) + 3600;
  const forged = await makeAdmission(key, "laptop", soon);
  const expired = await makeAdmission(key, "laptop", 1);
  return [
    [],
    ["lighthouse"],
    ["lighthouse", "admit.laptop"],
    ["lighthouse", `admit.laptop.${forged}`],
    ["lighthouse", `admit.laptop.${expired}`],
    ["lighthouse", `admit.pi.${forged}`],
    ["lighthouse", "admit.nobody"],
    ["lighthouse", `admit.laptop.${forged.slice(0, 10)}`],
    ["lighthouse", ...Array.from({ length: 30 }, (_, at) => `admit.laptop.${at}`)],
    ["lighthouse", `admit.laptop.${"x".repeat(4000)}`],
  ];
}
