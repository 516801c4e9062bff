// For end-to-end tests: a host whose behaviour the test decides, registered with a bridge's relay. It
// can do what the real one would not.
import { WebSocket } from "ws";
import { answerOffer, type Peer } from "../../host/peers/peer.ts";
import { parseOffer } from "../../host/peers/sdp.ts";
import {
  type Acceptance,
  Carrier,
  type Channel,
  derivePairingKeys,
  fromBase64url,
  generateKeyPair,
  openOffer,
  parseRelayMessage,
  parseSignal,
  rawPublicKey,
  type Refusal,
  type SealedOffer,
  serveRequest,
  type Session,
  TAG_KEY_BYTES,
} from "../../wire/mod.ts";
import { invitedProtocols } from "../../host/testing/signalling.ts";
import { acceptPage } from "../../wire/testing/session_pair.ts";
import type { Bridge } from "../local/bridge.ts";

/** One offer that has arrived. */
export interface Arrival {
  signal: SealedOffer;
  /** Sends its page anything, as `data` of an envelope. */
  say(data: unknown): void;
  /** Sends it an answer or a refusal, sealed as it should be. */
  seal(answer: Acceptance | Refusal): Promise<void>;
  /** Lets it in: answers the offer, as its device where that is given. */
  letIn(device?: { id: string; name: string }): Promise<Channel>;
}

/** A host. */
export interface ScriptedHost extends AsyncDisposable {
  readonly keys: CryptoKeyPair;
  /** The raw public key. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** What is done with each offer; it may be replaced. */
  onOffer: (arrival: Arrival) => unknown;
  /** Takes the place of the host that is registered. Done at the start. */
  register(): void;
  /**
   * Gives a channel its session, which answers each request with "fine".
   *
   * @param first Called with each request, before its answer.
   */
  serve(channel: Channel, first?: (carrier: Carrier) => void): Promise<Session>;
}

/** Options of {@linkcode startScriptedHost}. */
export interface ScriptedHostOptions {
  /** @default new ones */
  keys?: CryptoKeyPair;
  /** Of a pairing link; those of strangers and devices are opened without. */
  secret?: Uint8Array<ArrayBuffer>;
  onOffer?: ScriptedHost["onOffer"];
}

/** Starts a host in place of the one that is registered. */
export async function startScriptedHost(
  bridge: Bridge,
  options: ScriptedHostOptions = {},
): Promise<ScriptedHost> {
  const keys = options.keys ?? await generateKeyPair();
  const socket = new WebSocket(bridge.gateway.url, await invitedProtocols(bridge));
  await new Promise((resolve) => socket.on("open", resolve));
  const own = await ownId(socket);
  const peers: Peer[] = [];
  const sessions: Session[] = [];
  /** Devices that were let in, for whom offers name none. */
  const devices: Uint8Array<ArrayBuffer>[] = [];
  const psk = options.secret && (await derivePairingKeys(options.secret)).psk;
  const host: ScriptedHost = {
    keys,
    key: await rawPublicKey(keys),
    onOffer: options.onOffer ?? (() => {}),
    register() {
      const environment = { ...bridge.function.environment, LAPTOP_ID: own };
      bridge.function.setEnvironment(environment, { staleFor: 0 });
    },
    async serve(channel, first) {
      const carrier = new Carrier(channel);
      const session = await acceptPage(carrier, {
        onStream: (stream) =>
          serveRequest(stream, () => {
            first?.(carrier);
            const body = new Blob(["fine"]).stream();
            return Promise.resolve({ status: 200, statusText: "OK", headers: [], body });
          }),
      });
      sessions.push(session);
      return session;
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.close();
      for (const peer of peers) peer.close();
      await Promise.all(peers.map((peer) => peer.closed));
      socket.terminate();
    },
  };

  async function open(signal: SealedOffer) {
    const device = signal.device ? fromBase64url(signal.device) : devices.at(-1)!;
    const isPairing = signal.device !== undefined && signal.tag !== undefined;
    devices.push(device);
    return await openOffer(signal, { host: keys, device, psk: isPairing ? psk : undefined });
  }

  socket.on("message", (text) => {
    const message = parseRelayMessage(String(text));
    if (message.kind !== "signal" || !message.from) return;
    const signal = parseSignal(message.data);
    if (signal.type !== "sealed-offer") return;
    const say = (data: unknown) =>
      socket.send(JSON.stringify({ action: "sendSignal", to: message.from, data }));
    host.onOffer({
      signal,
      say,
      async seal(answer) {
        const opened = await open(signal);
        say(
          "refused" in answer
            ? await opened.sealRefusal(answer)
            : (await opened.sealAnswer(answer)).signal,
        );
      },
      async letIn(device) {
        const { offer, sealAnswer } = await open(signal);
        const peer = answerOffer(parseOffer(offer.sdp), { ice: { iceServers: [] } });
        peers.push(peer);
        const isPairing = device && signal.device !== undefined;
        const answer: Acceptance = { time: Date.now(), sdp: await peer.answer, device };
        if (isPairing) answer.tagKey = new Uint8Array(TAG_KEY_BYTES).fill(7);
        say((await sealAnswer(answer)).signal);
        return await peer.channel;
      },
    });
  });
  host.register();
  return host;
}

async function ownId(socket: WebSocket): Promise<string> {
  const answer = new Promise<string>((resolve) =>
    socket.on("message", (text) => {
      const { from, data } = JSON.parse(String(text));
      if (data === "who?") resolve(from);
    })
  );
  socket.send(JSON.stringify({ action: "sendSignal", to: "me", data: "who?" }));
  return await answer;
}
