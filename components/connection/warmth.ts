// Prepares the next attempt: opens the WebSocket to the relay, and gathers candidates. The attempt then begins
// with its offer. Nothing is asked of the host, and no message goes to the relay. Any attempt begins with
// candidates, before it knows as which device it dials.
import { browserPlatform, type DialPlatform, type DialSettings, protocolsOf } from "./dial.ts";
import type { Identities } from "../identity/identity.ts";
import type { Peer, PeerOptions } from "./peer.ts";
import { checkRegistry } from "./registry.ts";
import type { RelaySocket, RelaySocketOptions } from "./relay_socket.ts";

/** Time after which what was prepared is closed, in milliseconds: a router soon forgets an unused port. */
const UNUSED_MS = 30_000;

/** What to prepare for. */
export type WarmSettings =
  & Pick<DialSettings, "relay" | "host" | "registry" | "ice">
  & { identities: Pick<Identities, "current" | "withIceServers"> };

/** Something that is prepared, for an attempt with the same settings. */
interface Prepared<Options, Thing> {
  settings: string;
  take(options: Options): Thing;
  close(): void;
}

/** What is prepared for the next attempt. */
export class Warmth {
  /** For attempts, which take what is prepared, or make their own. */
  readonly platform: DialPlatform;
  readonly #own: DialPlatform;
  #peer: Prepared<PeerOptions, Peer> | undefined;
  #socket: Prepared<RelaySocketOptions, RelaySocket> | undefined;
  /** Of the newest call; undefined once an attempt has begun. */
  #preparation: object | undefined;
  #stopTimer = () => {};

  /** @param platform @default the browser's */
  constructor(platform = browserPlatform()) {
    this.#own = platform;
    this.platform = {
      ...platform,
      createPeer: (options) => {
        const peer = takeFrom(this.#peer, JSON.stringify(options.ice), options);
        this.#peer = this.#preparation = undefined;
        return peer ?? platform.createPeer(options);
      },
      openRelaySocket: (relay, options) => {
        const socket = takeFrom(this.#socket, socketKey(relay, options.protocols), options);
        this.#socket = this.#preparation = undefined;
        this.#stopTimer();
        return socket ?? platform.openRelaySocket(relay, options);
      },
    };
  }

  /** Prepares the next attempt. It says nothing of what fails: the attempt does. */
  async prepare({ relay, host, registry, ice, identities }: WarmSettings): Promise<void> {
    if (this.#preparation) return;
    const preparation = this.#preparation = {};
    try {
      const identity = await identities.current();
      const [{ hostKey }, { signal }] = [identity, new AbortController()];
      if (registry) await checkRegistry({ registry, host, hostKey, signal });
      if (this.#preparation !== preparation) return;
      this.#stopTimer = this.#own.startTimer(UNUSED_MS, () => this.close());
      this.#peer = this.#preparePeer({ ice: identities.withIceServers(ice) });
      this.#socket = this.#prepareSocket(relay, protocolsOf(identity, host));
    } catch {
      if (this.#preparation === preparation) this.close();
    }
  }

  /**
   * An attempt begins: a peer gathers candidates for it while the disk reads the identity to dial with.
   *
   * @returns Closes the peer, for an attempt that has failed before it took that.
   */
  begin({ registry, ice, identities }: WarmSettings): () => void {
    // Candidates are gathered for hosts that are there.
    if (this.#peer || registry) return () => {};
    this.#preparation = undefined;
    try {
      const peer = this.#peer = this.#preparePeer({ ice: identities.withIceServers(ice) });
      return () => {
        if (this.#peer !== peer) return;
        peer.close();
        this.#peer = undefined;
      };
    } catch {
      // No WebRTC: the attempt sees that, too.
      return () => {};
    }
  }

  /** Closes what no attempt has taken. */
  close(): void {
    this.#stopTimer();
    this.#peer?.close();
    this.#socket?.close();
    this.#peer = this.#socket = this.#preparation = undefined;
  }

  #preparePeer({ ice }: PeerOptions): Prepared<PeerOptions, Peer> {
    const taken = Promise.withResolvers<void>();
    const peer = this.#own.createPeer({ ice, until: taken.promise });
    return {
      settings: JSON.stringify(ice),
      take: ({ until }) => {
        Promise.resolve(until).then(() => taken.resolve());
        return peer;
      },
      close: () => peer.close(),
    };
  }

  #prepareSocket(relay: URL, protocols: string[]): Prepared<RelaySocketOptions, RelaySocket> {
    let attempt: RelaySocketOptions | undefined;
    let isOpen = false;
    const socket = this.#own.openRelaySocket(relay, {
      protocols,
      onOpen: () => {
        isOpen = true;
        attempt?.onOpen?.();
      },
      onMessage: (text) => attempt?.onMessage(text),
      onFailure: (error) => attempt ? attempt.onFailure(error) : this.close(),
      whyRefused: () => attempt?.whyRefused?.(),
    });
    return {
      settings: socketKey(relay, protocols),
      take: (options) => {
        attempt = options;
        if (isOpen) options.onOpen?.();
        return socket;
      },
      close: () => socket.close(),
    };
  }
}

function socketKey(relay: URL, protocols: string[] = []): string {
  return [relay.href, ...protocols].join(" ");
}

/** Takes what is prepared, if the settings are the same; else closes it. */
function takeFrom<Options, Thing>(
  prepared: Prepared<Options, Thing> | undefined,
  settings: string,
  options: Options,
): Thing | undefined {
  if (prepared?.settings === settings) return prepared.take(options);
  prepared?.close();
  return undefined;
}
