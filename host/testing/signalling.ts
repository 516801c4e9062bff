// For tests: a page's end of the signalling, through a relay.
import { WebSocket } from "ws";
import type { Bridge } from "../../tools/local/bridge.ts";
import type { ObjectStore } from "../../tools/local/object_store.ts";
import {
  admissionObject,
  DEFAULT_HOST,
  formatProtocols,
  formatSendSignal,
  makeAdmission,
  OPEN,
  parseAdmissionObject,
  parseRelayMessage,
  type RelayMessage,
} from "../../wire/mod.ts";
import type { TestRelay } from "./relay.ts";

/** The subprotocols of somebody whom the host of a relay has invited. @param host Its name. */
export async function invitedProtocols(
  relay: Pick<TestRelay | Bridge, "function"> & { store?: ObjectStore },
  host = DEFAULT_HOST,
): Promise<string[]> {
  const object = relay.store?.read(admissionObject(host));
  const key = object === undefined
    ? relay.function.environment.ADMISSION_KEY
    : parseAdmissionObject(object);
  const soon = Math.floor(Date.now() / 1000) + 600;
  const isGuarded = key !== undefined && key !== OPEN;
  return formatProtocols({
    host,
    value: isGuarded ? await makeAdmission(key, host, soon) : undefined,
  });
}

/** A page's WebSocket: it sends signals and waits for the answer to each. */
export async function openSignalling(relay: TestRelay | Bridge) {
  const { url } = relay.gateway;
  const origin = "page" in relay ? relay.page.origins[0] : "https://page.example";
  const socket = new WebSocket(url, await invitedProtocols(relay), { origin });
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
