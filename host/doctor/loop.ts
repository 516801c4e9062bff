// A page's side in this process: it is let in as a page is, dials the host through the relay, and sends
// a request, so it takes every step that a page takes.
import {
  type Acceptance,
  Carrier,
  generateKeyPair,
  Handshake,
  type IceConfig,
  LighthouseError,
  PAGE_LIVENESS,
  type Proven,
  rawPublicKey,
  type Reply,
  sendRequest,
  Session,
  type UnsealedRefusal,
} from "../../wire/mod.ts";
import { deviceIdOf, devicesFolder } from "../access/devices.ts";
import type { Identity } from "../access/host_key.ts";
import { createPairing, pairingsFolder } from "../access/pairings.ts";
import { deleteRecord } from "../access/records.ts";
import { createOffer } from "../peers/peer.ts";
import { RelaySocket } from "../signalling/relay_socket.ts";

/** Options of {@linkcode runLoop}. */
export interface LoopOptions {
  relay: URL;
  /** The host's name, where several share the relay. */
  host?: string;
  /** What to show to the relay; undefined for nothing. */
  admission: string | undefined;
  ice: IceConfig;
  /** The state folder of the host that runs. */
  state: string;
  identity: Pick<Identity, "publicKey">;
  /** What is asked for: `GET` of this path. */
  target: string;
  /** Gives up. */
  signal: AbortSignal;
}

/** The site that the device is said to be of; no page has it (RFC 6761 §6.4). */
const ORIGIN = "https://doctor.invalid";

/** Attempts: libdatachannel, offering, fails about one handshake in a hundred on loopback. */
const TRIES = 3;

/** Time for one attempt, in milliseconds. */
const TRY_MS = 12_000;

/**
 * Goes the whole way once. The device that it is let in as is gone afterwards.
 *
 * @returns The answer's status, and the time from dialling to its head, in milliseconds.
 * @throws {LighthouseError} If a page would not get through either.
 */
export async function runLoop(options: LoopOptions): Promise<{ status: number; ms: number }> {
  const { state, signal } = options;
  const pairings = pairingsFolder(state);
  const { pairing, secret } = await createPairing(pairings, { name: "doctor" });
  const device = await generateKeyPair();
  try {
    for (let tries = 1;; tries++) {
      try {
        return await attempt(options, device, secret);
      } catch (error) {
        if (tries === TRIES || signal.aborted || isRefusal(error)) throw error;
      }
    }
  } finally {
    // The host sees it go, and ends what is open.
    deleteRecord(pairings, pairing.id);
    deleteRecord(devicesFolder(state), await deviceIdOf(await rawPublicKey(device)));
  }
}

/** An answer of the host's or the relay's, which another attempt does not change. */
function isRefusal(error: unknown): boolean {
  return error instanceof LighthouseError && error.code !== "connection-failed" &&
    error.code !== "connection-lost";
}

async function attempt(
  { relay, host, admission, ice, identity, target, signal }: LoopOptions,
  device: CryptoKeyPair,
  secret: Uint8Array<ArrayBuffer>,
): Promise<{ status: number; ms: number }> {
  const started = performance.now();
  const ending = AbortSignal.any([signal, AbortSignal.timeout(TRY_MS)]);
  const late = rejectionOf(ending);
  const socket = await RelaySocket.open(relay, ending, { host, admission });
  const peer = createOffer({ ice });
  const session = new Session({ role: "page", liveness: PAGE_LIVENESS });
  try {
    const handshake = new Handshake({
      hostKey: identity.publicKey,
      device,
      sender: { kind: "pairing", secret },
      offer: { sdp: await peer.offer, origin: ORIGIN, name: "doctor" },
      send: (signal) => socket.send(signal),
    });
    // Anybody at the relay can send other things.
    socket.listeners.add((message) => void handshake.receive(message).catch(() => {}));
    const answer = acceptanceOf(await Promise.race([handshake.ask(Date.now()), late]));
    peer.accept(answer.sdp);
    const { proof } = answer;
    await Promise.race([session.connect(new Carrier(await peer.channel), { proof }), late]);
    const { status, body } = await sendRequest(
      session,
      { method: "GET", target, headers: [["accept", "*/*"]], body: null },
      ending,
    );
    await body?.cancel();
    return { status, ms: performance.now() - started };
  } finally {
    session.close();
    socket.close();
    peer.close();
    await peer.closed;
  }
}

/** @throws {LighthouseError} What the host or the relay says instead. */
function acceptanceOf(reply: Reply): Acceptance & Proven {
  if (reply.by !== "host") throw refusalOf(reply.refused);
  if ("refused" in reply.answer) throw refusalOf(reply.answer.refused);
  return reply.answer;
}

function refusalOf({ code, message }: UnsealedRefusal): LighthouseError {
  return new LighthouseError(code, message);
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  signal.addEventListener("abort", () => {
    reject(
      new LighthouseError("connection-failed", `No connection within ${TRY_MS / 1000} s`),
    );
  });
  return promise;
}
