// For tests and tools: a page without WebRTC, whose session goes through a running relay.
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { formatOffer, parseOffer } from "../../host/peers/sdp.ts";
import { CHROMIUM_OFFER } from "../../host/testing/offers.ts";
import type { TestDevice } from "../../host/testing/access.ts";
import {
  type Acceptance,
  type Answer,
  Carrier,
  formatSendSignal,
  generateKeyPair,
  LighthouseError,
  parseRelayMessage,
  parseSignal,
  RelayedChannel,
  type Session,
  type SessionOptions,
} from "../../wire/mod.ts";
import { pageSession } from "../../wire/testing/session_pair.ts";

/** Limit for the host's answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** Most attempts while the gateway throttles, and the time between two, in milliseconds. */
const MAX_TRIES = 20;
const AGAIN_MS = 500;

/** Describes a direct connection that does not come about. */
const SILENT_OFFER = formatOffer({ ...parseOffer(CHROMIUM_OFFER), candidates: [] });

/** Options of {@linkcode connectRelayed}. */
export interface RelayedPageOptions extends Partial<SessionOptions> {
  /** The relay's URL, and an origin that it allows. */
  relay: string;
  origin: string;
  device: TestDevice;
  /** A session to resume. @default another one */
  session?: Session;
}

/** A page that is connected. */
export interface RelayedPage extends Disposable {
  session: Session;
  socket: WebSocket;
  /** Messages that the gateway has throttled. */
  throttled: number;
  /** Called with each sealed message that the page has sent. */
  onSent?: (ct: string) => void;
}

/** The host's answer, and the socket that has brought it. */
interface Answered {
  socket: WebSocket;
  answer: Answer;
}

/** Asks what the host's answer says about sessions through the relay. */
export async function askRelayed(options: RelayedPageOptions): Promise<Acceptance["relayed"]> {
  const { socket, answer } = await ask(options, SILENT_OFFER);
  socket.terminate();
  if ("refused" in answer) throw new LighthouseError(answer.refused.code, answer.refused.message);
  return answer.relayed;
}

/**
 * Connects a page.
 *
 * @throws {LighthouseError} The host's refusal; `relay-budget`; `no-answer`.
 */
export async function connectRelayed(options: RelayedPageOptions): Promise<RelayedPage> {
  const { socket, answer } = await ask(options);
  if ("refused" in answer) throw new LighthouseError(answer.refused.code, answer.refused.message);
  const { relayed, relayedKeys, proof } = answer;
  if (!relayed || "off" in relayed || !relayedKeys) {
    throw new LighthouseError("relay-budget", JSON.stringify(relayed));
  }
  const channel = new RelayedChannel({
    send: (ct) => {
      socket.send(formatSendSignal({ data: { type: "relayed", v: 1, ct } }));
      page.onSent?.(ct);
    },
  });
  const page: RelayedPage = {
    session: options.session ?? pageSession(options),
    socket,
    throttled: 0,
    [Symbol.dispose]() {
      page.session.close();
      setTimeout(() => socket.terminate(), 100).unref();
    },
  };
  socket.on("message", (data) => {
    const message = parseRelayMessage(String(data));
    if (message.kind === "error") {
      if (message.isThrottled) page.throttled++;
      return channel.throttled();
    }
    const signal = parseSignal(message.data);
    if (signal.type === "relayed") channel.receive(signal.ct);
  });
  socket.on("close", () => channel.end());
  channel.start(await relayedKeys(), relayed);
  await page.session.connect(new Carrier(channel), { proof });
  return page;
}

/** Asks again when the gateway throttles, as pages do. */
async function ask(options: RelayedPageOptions, sdp = ""): Promise<Answered> {
  for (let tries = 1;; tries++) {
    const answered = await askOnce(options, sdp);
    if (answered || tries === MAX_TRIES) return answered ?? Promise.reject(noAnswer());
    await sleep(AGAIN_MS);
  }
}

/**
 * Offers a session through the relay.
 *
 * @param sdp The description of a direct connection; "" for none.
 * @returns Undefined if the gateway has throttled the offer.
 */
async function askOnce(
  { relay, origin, device }: RelayedPageOptions,
  sdp: string,
): Promise<Answered | undefined> {
  const socket = new WebSocket(relay, device.protocols, { origin });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  promise.catch(() => {});
  const opened = new Promise((resolve) => socket.on("open", resolve));
  socket.on("error", reject);
  socket.once("message", (data) => resolve(String(data)));
  const late = setTimeout(
    () => reject(noAnswer()),
    ANSWER_MS,
  );
  try {
    const { signal, openAnswer } = await device.seal({ sdp }, Date.now(), {
      ephemeral: await generateKeyPair(),
    });
    await Promise.race([opened, promise]);
    socket.send(formatSendSignal({ data: signal }));
    const message = parseRelayMessage(await promise);
    if (message.kind === "error") {
      if (!message.isThrottled) throw new LighthouseError(message.code, message.message);
      socket.terminate();
      return undefined;
    }
    const reply = parseSignal(message.data);
    if (reply.type === "refused") throw new LighthouseError(reply.code, reply.message);
    if (reply.type !== "sealed-answer") throw new TypeError(`Unexpected signal ${reply.type}`);
    return { socket, answer: await openAnswer(reply) };
  } catch (error) {
    socket.terminate();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function noAnswer(): LighthouseError {
  return new LighthouseError("no-answer", "No answer in time");
}
