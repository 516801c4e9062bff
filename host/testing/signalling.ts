// For tests: a page's end of the signalling, through a relay.
import { WebSocket } from "ws";
import type { Bridge } from "../../tools/local/bridge.ts";
import { formatSendSignal, parseRelayMessage, type RelayMessage } from "../../wire/mod.ts";
import type { TestRelay } from "./relay.ts";

/** A page's WebSocket: it sends signals and waits for the answer to each. */
export async function openSignalling(relay: TestRelay | Bridge) {
  const { url } = relay.gateway;
  const origin = "page" in relay ? relay.page.origins[0] : "https://page.example";
  const socket = new WebSocket(url, { origin });
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  return {
    async ask(data: unknown): Promise<RelayMessage | undefined> {
      const { promise, resolve } = Promise.withResolvers<RelayMessage | undefined>();
      const listener = (text: unknown) => resolve(parseRelayMessage(String(text)));
      socket.once("message", listener);
      const timer = setTimeout(() => resolve(undefined), 10_000);
      socket.send(formatSendSignal({ data }));
      const answer = await promise;
      clearTimeout(timer);
      socket.off("message", listener);
      return answer;
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}
