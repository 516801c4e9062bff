// The registry `relay`: the relay writes the host's entry, which the host signs. The host holds no AWS
// credentials. wire/signal/registration.ts has the messages.
import {
  DEFAULT_HOST,
  type HostEntry,
  isSignedBy,
  LighthouseError,
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
  const name = `${host} at ${relay.host}`;
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

  async function look(socket: RelaySocket, signal: AbortSignal): Promise<RegistryAnswer> {
    const question = { type: "look", nonce: crypto.randomUUID(), time: Date.now() } as const;
    const answer = await ask(socket, question, signal);
    await inspect(answer);
    return answer;
  }

  /** @param connectionId That of the socket; undefined if the host leaves. */
  async function write(
    socket: RelaySocket,
    { entry, ...changes }: {
      /** The entry that is replaced. */
      entry?: Pick<HostEntry, "time">;
      revision: string;
      connectionId?: string;
      admission?: string;
    },
    signal: AbortSignal,
  ): Promise<void> {
    // The relay takes only later times, and this machine's clock may have been set back.
    const time = Math.max(Date.now(), (entry?.time ?? 0) + 1);
    const nonce = crypto.randomUUID();
    const { revision } = await ask(socket, { type: "write", nonce, time, ...changes }, signal);
    if (revision === undefined) {
      throw new RegistryError("conflict", `${name}: another process has registered meanwhile`);
    }
    written = { time, revision };
  }

  /** Whoever owns the relay could show another entry, or an old one. */
  async function inspect({ entry, revision = "" }: RegistryAnswer): Promise<void> {
    if (!entry || revision === foreign) return;
    const isOwn = await isSignedBy(entry, identity.publicKey);
    if (isOwn && entry.time >= (written?.time ?? 0)) return;
    foreign = revision;
    onForeign?.(
      isOwn
        ? `the registry shows an entry of this host that is older than its last one. Somebody who may write ` +
          `the stack's bucket has put it back`
        : `the entry of ${name} was not written by this host's key: somebody else may write the stack's ` +
          "bucket. Pages refuse an entry that their host has not signed",
    );
  }

  return {
    name,
    rights: [],
    prove,
    async read(signal, given) {
      const socket = given ?? await connect(signal);
      try {
        const { entry, revision = "", admission } = await look(socket, signal);
        return {
          connectionId: entry?.connectionId,
          admission,
          replace: (connectionId, signal, key) =>
            write(socket, {
              entry,
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
        await write(socket, { entry: { time }, revision }, signal);
      } catch (error) {
        if ((error as RegistryError).kind !== "conflict") throw error;
      } finally {
        socket.close();
      }
    },
  };
}

/** Maps a failure. */
function explain(error: unknown, name: string): RegistryError {
  if (error instanceof RegistryError) return error;
  const { code, message } = LighthouseError.from(error, "relay-failed");
  const kind: FailureKind = code === "not-allowed" ? "owner" : "transient";
  const cure = /only the host may use "to"/.test(message)
    ? ". The relay is of an earlier version, or the stack has another registry: run pulumi up"
    : "";
  return new RegistryError(kind, `${name}: ${message}${cure}`, { cause: error });
}
