// In the page: connects as a device that the host does not know, or knows, and measures the signalling beside it.
import { formatSendSignal, parseRelayMessage } from "../../../wire/signal/envelope.ts";
import { embed, type TunnelSettings } from "./embed.ts";

/** The functions for the run, as `globalThis.connects`. Times are in milliseconds. */
export interface ConnectsPage {
  /**
   * Opens a WebSocket to the relay, and has the host refuse a message: the way of a connect's signals, without
   * their work.
   */
  signal(): Promise<number>;
  /** Connects a new element, up to its first answer. */
  connect(): Promise<number>;
  /** Forgets the host, and this browser's key. */
  forget(): Promise<void>;
}

let settings: TunnelSettings;

const page: ConnectsPage = {
  async signal() {
    const started = performance.now();
    const socket = new WebSocket(settings.relay);
    await new Promise((resolve) => socket.onopen = resolve);
    // The host sees at once that this is no signal. It refuses five a second.
    socket.send(formatSendSignal({ data: {} }));
    const { data } = await new Promise<MessageEvent<string>>((resolve) =>
      socket.onmessage = resolve
    );
    const took = performance.now() - started;
    socket.close();
    if (parseRelayMessage(data).kind !== "signal") throw new Error(`Not of the host: ${data}`);
    return took;
  },
  async connect() {
    const started = performance.now();
    const tunnel = embed(settings);
    await (await tunnel.fetch("/bench/small")).text();
    const took = performance.now() - started;
    // What the host gives for the next connect has arrived by then, and the connection has opened.
    await tunnel.ready;
    await new Promise((resolve) => setTimeout(resolve, 500));
    tunnel.remove();
    return took;
  },
  async forget() {
    for (const { name } of await indexedDB.databases()) {
      const deletion = indexedDB.deleteDatabase(name!);
      await new Promise((resolve, reject) => {
        deletion.onsuccess = resolve;
        deletion.onerror = reject;
      });
    }
  },
};

Object.assign(globalThis, {
  connects: page,
  start: (given: TunnelSettings) => {
    settings = given;
  },
});
