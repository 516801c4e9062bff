// For tests and tools: a page's offer to a host through a running relay.
import { WebSocket } from "ws";
import type { TestDevice } from "../../host/testing/access.ts";
import type { PageAnswer } from "../../host/testing/page.ts";
import {
  formatSendSignal,
  LighthouseError,
  parseRelayMessage,
  parseSignal,
  type Signal,
} from "../../wire/mod.ts";

/** Limit for the host's answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** Options of {@linkcode dial}. */
export interface DialOptions {
  /** The relay's URL, and an origin that it allows. */
  relay: string;
  origin: string;
  device: TestDevice;
  /** The page's session description. */
  sdp: string;
}

/**
 * Sends an offer and returns the host's answer.
 *
 * @throws {LighthouseError} The relay's or the host's refusal; `no-answer`; `relay-unreachable`.
 */
export async function dial({ relay, origin, device, sdp }: DialOptions): Promise<PageAnswer> {
  const socket = new WebSocket(relay, device.protocols, { origin });
  const { promise: reply, resolve, reject } = Promise.withResolvers<Signal>();
  reply.catch(() => {});
  const failed = (code: "no-answer" | "relay-unreachable", why: string) =>
    reject(new LighthouseError(code, why));
  const timer = setTimeout(() => failed("no-answer", "No answer in time"), ANSWER_MS);
  socket.on("error", (error) => failed("relay-unreachable", error.message));
  socket.on("close", () => failed("relay-unreachable", "The relay closed the connection"));
  socket.on("message", (data) => {
    const message = parseRelayMessage(String(data));
    if (message.kind === "error") reject(new LighthouseError(message.code, message.message));
    else resolve(parseSignal(message.data));
  });
  try {
    const ask = async (data: unknown) => {
      if (socket.readyState === WebSocket.CONNECTING) {
        await Promise.race([new Promise((resolve) => socket.on("open", resolve)), reply]);
      }
      socket.send(formatSendSignal({ data }));
      return await reply;
    };
    const answer = await device.offer(ask, { sdp });
    if (answer && "sdp" in answer) return answer;
    const refusal = answer && "refused" in answer ? answer.refused : answer;
    throw new LighthouseError(refusal?.code ?? "no-answer", refusal?.message ?? "No answer");
  } finally {
    clearTimeout(timer);
    socket.terminate();
  }
}
