// Registers one connection: carries out the effects of registration.ts, one after another.
import { backoff } from "../../wire/mod.ts";
import {
  type Registration,
  type RegistrationEffect,
  type RegistrationEvent,
  startRegistration,
  stepRegistration,
} from "./registration.ts";
import { type Registry, type RegistryEntry, RegistryError } from "./registry.ts";
import { isProbe, type RelaySocket } from "./relay_socket.ts";

/** Options of {@linkcode keepRegistered}. */
export interface RegistrarOptions {
  /** Ids of this process's earlier connections. */
  mine: ReadonlySet<string>;
  /** Whether another host may be replaced. */
  takesOver: boolean;
  /**
   * Gives the admission key to register, or `open`. Called before each read and at each check.
   * @default the registered one stays
   */
  admission?: () => Promise<string>;
  /**
   * Time between checks, in milliseconds. They keep the gateway's idle limit of 10 minutes away too.
   * @default 240_000
   */
  checkInterval?: number;
  /**
   * An EventTarget whose `wake` event asks for a check at once, and whose `look` event says that the
   * admission key to register may be another one.
   */
  wake: EventTarget;
  /** Called with each new state. */
  onChange: (state: Registration) => void;
  signal: AbortSignal;
}

/** Time after which a missing probe has gone to another host, in milliseconds. */
const PROBE_MS = 2_000;

/**
 * Registers the connection and keeps it registered. Resolves when another host has taken its place.
 *
 * @throws {DOMException} The signal's reason when aborted.
 */
export async function keepRegistered(
  socket: RelaySocket,
  registry: Registry,
  options: RegistrarOptions,
): Promise<void> {
  const { mine, takesOver, admission, checkInterval = 240_000, wake, onChange, signal } = options;
  let entry: RegistryEntry | undefined;
  let key: string | undefined;
  let [state, effect] = startRegistration(socket.connectionId, mine, takesOver);
  onChange(state);
  while (state.phase !== "replaced") {
    const event = await perform(effect);
    signal.throwIfAborted();
    [state, effect] = stepRegistration(state, event);
    onChange(state);
  }

  async function perform(effect: RegistrationEffect): Promise<RegistrationEvent> {
    switch (effect.do) {
      case "read":
        return await reported(async () => {
          entry = await registry.read(signal, socket);
          key = await admission?.();
          const isOutdated = key !== undefined && key !== entry.admission;
          return { type: "read", holder: entry.connectionId, isOutdated };
        });
      case "write":
        return await reported(async () => {
          await entry!.replace(socket.connectionId, signal, key);
          return { type: "written" };
        });
      case "probe":
        return await probe(socket, signal);
      case "pause":
        await pause(backoff(effect.failures, effect));
        return { type: "resumed" };
      case "announce":
        socket.send({ type: "replaced" }, effect.to);
        return await untilCheck();
      case "idle":
      case "stop":
        return await untilCheck();
    }
  }

  /**
   * Waits until the time is over, or the machine wakes or changes its network.
   *
   * @param end Ends the wait when it resolves.
   */
  async function pause(ms: number, end = Promise.withResolvers<void>()): Promise<void> {
    const go = () => end.resolve();
    const timer = setTimeout(go, ms);
    wake.addEventListener("wake", go);
    signal.addEventListener("abort", go);
    try {
      await end.promise;
    } finally {
      clearTimeout(timer);
      wake.removeEventListener("wake", go);
      signal.removeEventListener("abort", go);
    }
  }

  /** Waits for the time to check, or until another host says that it has taken over. */
  async function untilCheck(): Promise<RegistrationEvent> {
    let event: RegistrationEvent = { type: "check" };
    const end = Promise.withResolvers<void>();
    const unlisten = listen(socket, (message) => {
      // A message without `from` comes from the registered host.
      const isHost = message.kind === "signal" && message.from === undefined;
      if (!isHost || !isReplaced(message.data)) return;
      event = { type: "challenged" };
      end.resolve();
    });
    const look = async () => {
      if (await admission?.() === key) return;
      event = { type: "outdated" };
      end.resolve();
    };
    wake.addEventListener("look", look);
    try {
      const over = pause(checkInterval, end);
      // The key may have changed while this connection was registered.
      await look();
      await over;
      if (event.type === "check") await look();
      return event;
    } finally {
      wake.removeEventListener("look", look);
      unlisten();
    }
  }
}

async function reported(work: () => Promise<RegistrationEvent>): Promise<RegistrationEvent> {
  try {
    return await work();
  } catch (error) {
    const kind = error instanceof RegistryError ? error.kind : "transient";
    return { type: "failed", kind, message: (error as Error).message };
  }
}

/** Sends a probe to the connection that the relay takes for the host, and waits for it here. */
async function probe(socket: RelaySocket, signal: AbortSignal): Promise<RegistrationEvent> {
  const nonce = crypto.randomUUID();
  const { promise, resolve } = Promise.withResolvers<RegistrationEvent>();
  const unlisten = listen(socket, (message) => {
    if (message.kind === "error") {
      // An error with `to` is about another message.
      if (message.to !== undefined) return;
      if (message.code === "host-offline") resolve({ type: "offline" });
      else resolve({ type: "failed", kind: "transient", message: message.message });
      // Another host could send the probe on, but not with this connection's `from`.
    } else if (message.from === socket.connectionId && isProbe(message.data, nonce)) {
      resolve({ type: "proved" });
    }
  });
  const silence = () => resolve({ type: "silent" });
  const timer = setTimeout(silence, PROBE_MS);
  signal.addEventListener("abort", silence);
  try {
    socket.send({ type: "probe", nonce });
    const event = await promise;
    // Silence may also mean a dead connection; then it tells nothing about other hosts.
    if (event.type === "silent" && !await socket.check(signal)) {
      return { type: "failed", kind: "transient", message: "The connection to the relay is dead" };
    }
    return event;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", silence);
    unlisten();
  }
}

function listen(
  socket: RelaySocket,
  listener: Parameters<RelaySocket["listeners"]["add"]>[0],
): () => void {
  socket.listeners.add(listener);
  return () => socket.listeners.delete(listener);
}

function isReplaced(data: unknown): boolean {
  return (data as { type?: unknown } | null)?.type === "replaced";
}
