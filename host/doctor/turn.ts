// Asks a TURN server for an allocation, as a connection would, and gives it back. No maintained library on
// npm does.
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { IceUrl } from "../../wire/mod.ts";
import { Unframer } from "../ice/framing.ts";
import {
  ALLOCATE,
  formatRequest,
  parseTurnAnswer,
  REFRESH,
  type TurnAnswer,
  type TurnCredentials,
} from "./turn_message.ts";

/** What a server says. */
export type TurnVerdict =
  | { outcome: "well"; ms: number }
  | { outcome: "refused"; code: number; reason: string }
  | { outcome: "unreachable"; reason: string };

/** Times of retransmissions over UDP, in milliseconds, and the limit for each answer. */
const RESEND_MS = [500, 1_500];
const GIVE_UP_MS = 4_000;

/** Errors that say with which realm and nonce to ask: Unauthorized, Stale Nonce (RFC 8489 §14.8). */
const CHALLENGES = [401, 438];

/** Sends a request, and resolves with its answer. */
interface Way extends Disposable {
  ask(request: Buffer): Promise<TurnAnswer>;
}

/**
 * Asks a server.
 *
 * @param ca Certificates of authorities, as PEM. @default Node.js's
 */
export async function checkTurn(
  server: IceUrl,
  credentials: TurnCredentials,
  ca?: string,
): Promise<TurnVerdict> {
  const started = performance.now();
  try {
    using way = server.transport === "udp" ? await openUdp(server) : openStream(server, ca);
    let answer = await way.ask(formatRequest(ALLOCATE));
    let by: (TurnCredentials & NonNullable<TurnAnswer["challenge"]>) | undefined;
    for (
      let tries = 0;
      tries < 2 && answer.challenge && CHALLENGES.includes(answer.code);
      tries++
    ) {
      by = { ...credentials, ...answer.challenge };
      answer = await way.ask(formatRequest(ALLOCATE, by));
    }
    if (answer.code !== 0) return { outcome: "refused", code: answer.code, reason: answer.reason };
    const ms = performance.now() - started;
    await way.ask(formatRequest(REFRESH, by));
    return { outcome: "well", ms };
  } catch (error) {
    return { outcome: "unreachable", reason: (error as Error).message };
  }
}

async function openUdp({ host, port }: IceUrl): Promise<Way> {
  const { address, family } = await lookup(host);
  const socket: UdpSocket = createSocket(family === 4 ? "udp4" : "udp6");
  const answers = new Answers();
  socket.on("message", (message) => answers.hear(message));
  socket.on("error", (error) => answers.fail(error));
  return {
    async ask(request) {
      const send = () => socket.send(request, port, address, () => {});
      send();
      const timers = RESEND_MS.map((ms) => setTimeout(send, ms));
      try {
        return await answers.next(request);
      } finally {
        timers.forEach(clearTimeout);
      }
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

function openStream({ host, port, transport }: IceUrl, ca: string | undefined): Way {
  const servername = isIP(host) ? undefined : host;
  const socket: Socket = transport === "tls"
    ? connectTls({ host, port, ca, servername })
    : connect({ host, port });
  const answers = new Answers();
  const unframer = new Unframer();
  socket.on("error", (error) => answers.fail(error));
  socket.on("close", () => answers.fail(new Error("the server has hung up")));
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const message of unframer.push(chunk)) answers.hear(message);
    } catch (error) {
      answers.fail(error as Error);
    }
  });
  return {
    ask(request) {
      socket.write(request);
      return answers.next(request);
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Finds the answer to the newest request. */
class Answers {
  #request: Buffer | undefined;
  #waiting = Promise.withResolvers<TurnAnswer>();
  #failure: Error | undefined;

  async next(request: Buffer): Promise<TurnAnswer> {
    if (this.#failure) throw this.#failure;
    this.#request = request;
    this.#waiting = Promise.withResolvers();
    const timer = setTimeout(() => this.fail(new Error("no answer")), GIVE_UP_MS);
    try {
      return await this.#waiting.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  hear(message: Buffer): void {
    const answer = this.#request && parseTurnAnswer(message, this.#request);
    if (answer) this.#waiting.resolve(answer);
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#waiting.promise.catch(() => {});
    this.#waiting.reject(error);
  }
}
