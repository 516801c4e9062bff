// The registry `relay`: the relay writes the host's entry, which the host signs. The host holds no AWS
// credentials. wire/signal/registration.ts has the messages.
import {
  DEFAULT_HOST,
  isSignedBy,
  LighthouseError,
  MAX_SKEW_MS,
  parseRegistryAnswer,
  proveHost,
  type RegistryAnswer,
  type RegistryRequest,
  signRequest,
} from "../../wire/mod.ts";
import type { Identity } from "../access/host_key.ts";
import { type FailureKind, type HostRegistry, RegistryError } from "./registry.ts";
import { RelaySocket } from "./relay_socket.ts";

/** Options of {@linkcode relayRegistry}. */
export interface RelayRegistryOptions {
  /** The relay's URL. */
  relay: URL;
  /** The host's name. @default "laptop" */
  host?: string;
  /** The key that the relay was deployed with. */
  identity: Pick<Identity, "publicKey" | "signingKey">;
  /** Called once for each entry that this host's key has not signed, or that is older than its own. */
  onForeign?: (message: string) => void;
}

/** Opens the registry. */
export function relayRegistry(options: RelayRegistryOptions): Required<HostRegistry> {
  const { relay, host = DEFAULT_HOST, identity, onForeign } = options;
  const signer = { host, hostKey: identity.publicKey, signingKey: identity.signingKey };
  const name = `entry ${host} at ${relay.host}`;
  /** Of this process's last write. */
  let written: { time: number; revision: string } | undefined;
  let foreign: string | undefined;

  const prove = () => proveHost(signer, Date.now());

  async function connect(signal: AbortSignal): Promise<RelaySocket> {
    return await RelaySocket.open(relay, signal, { host, proof: await prove() });
  }

  async function ask(
    socket: RelaySocket,
    request: Parameters<typeof signRequest>[0],
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    const signed: RegistryRequest = await signRequest(request, socket.connectionId, signer);
    try {
      return parseRegistryAnswer(await socket.ask(signed, signal), host);
    } catch (error) {
      signal.throwIfAborted();
      throw explain(error, name);
    }
  }

  /** @param connectionId That of the socket; undefined if the host leaves. */
  async function write(
    socket: RelaySocket,
    { after, ...changes }: {
      /** The time of the entry that is replaced. */
      after?: number;
      revision: string;
      connectionId?: string;
      admission?: string;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const time = timeAfter(after);
    const nonce = crypto.randomUUID();
    const { revision } = await ask(socket, { type: "write", nonce, time, ...changes }, signal);
    if (revision === undefined) {
      throw new RegistryError("conflict", `${name}: another process has registered meanwhile`);
    }
    written = { time, revision };
  }

  /**
   * Whoever owns the relay could show another entry, or an old one.
   *
   * @returns The entry's time, if this host's key has signed it.
   */
  async function inspect({ entry, revision = "" }: RegistryAnswer): Promise<number | undefined> {
    if (!entry) return undefined;
    const isOwn = await isSignedBy(entry, identity.publicKey);
    const time = isOwn ? entry.time : undefined;
    if (revision === foreign || isOwn && entry.time >= (written?.time ?? 0)) return time;
    foreign = revision;
    onForeign?.(
      isOwn
        ? `the registry shows an entry of this host that is older than its last one. Somebody who may write ` +
          `the stack's bucket has put it back`
        : `the ${name} was not written by this host's key: somebody else may write the stack's ` +
          "bucket. Pages refuse an entry that their host has not signed",
    );
    return time;
  }

  return {
    name,
    rights: [],
    prove,
    async read(signal, given) {
      const socket = given ?? await connect(signal);
      try {
        const question = { type: "look", nonce: crypto.randomUUID(), time: Date.now() } as const;
        const answer = await ask(socket, question, signal);
        const { entry, revision = "", admission } = answer;
        const after = await inspect(answer);
        return {
          connectionId: entry?.connectionId,
          admission,
          replace: (connectionId, signal, key) =>
            write(socket, {
              after,
              revision,
              connectionId,
              admission: key === admission ? undefined : key,
            }, signal),
        };
      } finally {
        if (!given) socket.close();
      }
    },
    async withdraw(signal) {
      if (!written) return;
      const { time, revision } = written;
      const socket = await connect(signal);
      try {
        await write(socket, { after: time, revision }, signal);
      } catch (error) {
        if ((error as RegistryError).kind !== "conflict") throw error;
      } finally {
        socket.close();
      }
    },
  };
}

/**
 * A time that the relay takes: later than that of the entry that is replaced, which a clock has given that
 * was ahead. An entry that is further ahead than two clocks can be, the relay lets go.
 */
function timeAfter(time = 0): number {
  const now = Date.now();
  return time - now > 2 * MAX_SKEW_MS ? now : Math.max(now, time + 1);
}

/** What the owner does about a refusal, where its message does not say so. */
const CURES: [message: RegExp, cure: string][] = [
  [
    /only the host may use "to"/,
    "The relay is of an earlier version, or the stack has another registry: run pulumi up",
  ],
  [
    /not deployed with the key/,
    "Add what lighthouse-host key prints to the stack's setting hostKeys, and deploy it",
  ],
];

/** Maps a failure. */
function explain(error: unknown, name: string): RegistryError {
  if (error instanceof RegistryError) return error;
  const { code, message } = LighthouseError.from(error, "relay-failed");
  const kind: FailureKind = code === "not-allowed" ? "owner" : "transient";
  const cure = CURES.find(([of]) => of.test(message))?.[1];
  return new RegistryError(kind, `${name}: ${message}${cure ? `. ${cure}` : ""}`, { cause: error });
}
