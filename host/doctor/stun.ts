// A small STUN client for the doctor (RFC 8489) that reads OTHER-ADDRESS (RFC 5780). No maintained
// library on npm does.
import type { Socket } from "node:dgram";
import {
  attributesOf,
  BINDING_REQUEST,
  formatStun,
  isAnswerTo,
  isStun,
  STUN_HEADER,
} from "../ice/stun_message.ts";

/** An address and a port. */
export interface Endpoint {
  address: string;
  port: number;
}

/** A server's answer. */
export interface StunAnswer {
  /** The address from which the request came, as the server sees it. */
  mapped: Endpoint;
  /** The server's other address and port (RFC 5780 §7.4), if it has one. */
  other: Endpoint | undefined;
}

const BINDING_SUCCESS = 0x0101;

/** Types of attributes (RFC 8489 §18.3, RFC 5780 §9.1). */
const MAPPED_ADDRESS = 0x0001;
const XOR_MAPPED_ADDRESS = 0x0020;
const OTHER_ADDRESS = 0x802c;

/** Times of retransmissions and of the end, in milliseconds from the start (RFC 8489 §6.2.1). */
const RESEND_MS = [500, 1_500];
const GIVE_UP_MS = 3_000;

/**
 * Asks a server once.
 *
 * @param socket A bound socket. Other messages on it are ignored.
 * @returns Undefined if no answer comes.
 */
export async function askStun(
  socket: Socket,
  { address, port }: Endpoint,
): Promise<StunAnswer | undefined> {
  const request = formatStun(BINDING_REQUEST);
  const { promise, resolve } = Promise.withResolvers<StunAnswer | undefined>();
  const hear = (message: Buffer) => {
    const answer = parseAnswer(message, request);
    if (answer) resolve(answer);
  };
  // A missing route shows in the callback, and as a missing answer: the answer decides.
  const send = () => socket.send(request, port, address, () => {});
  socket.on("message", hear);
  send();
  const timers = [
    ...RESEND_MS.map((ms) => setTimeout(send, ms)),
    setTimeout(() => resolve(undefined), GIVE_UP_MS),
  ];
  try {
    return await promise;
  } finally {
    timers.forEach(clearTimeout);
    socket.off("message", hear);
  }
}

/**
 * Whether a packet sent to an address arrives at a socket: the test for hairpinning (RFC 5780 §4.5).
 */
export async function arrives(to: Socket, from: Socket, { address, port }: Endpoint) {
  const request = formatStun(BINDING_REQUEST);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const hear = (message: Buffer) => {
    if (message.equals(request)) resolve(true);
  };
  const send = () => from.send(request, port, address, () => {});
  to.on("message", hear);
  send();
  const timers = [setTimeout(send, 300), setTimeout(() => resolve(false), 1_000)];
  try {
    return await promise;
  } finally {
    timers.forEach(clearTimeout);
    to.off("message", hear);
  }
}

/** Reads the answer to a request; undefined for any other message. */
export function parseAnswer(message: Buffer, request: Buffer): StunAnswer | undefined {
  if (!isStun(message, BINDING_SUCCESS) || !isAnswerTo(message, request)) return undefined;
  const attributes = attributesOf(message);
  const xored = attributes.get(XOR_MAPPED_ADDRESS);
  const plain = attributes.get(MAPPED_ADDRESS);
  const other = attributes.get(OTHER_ADDRESS);
  const mapped = (xored && parseAddress(xored, message.subarray(4, STUN_HEADER))) ??
    (plain && parseAddress(plain));
  return mapped && { mapped, other: other && parseAddress(other) };
}

/** @param mask Cookie and transaction id, if the address is XORed with them (RFC 8489 §14.2). */
function parseAddress(value: Buffer, mask?: Buffer): Endpoint | undefined {
  const size = value[1] === 0x02 ? 16 : 4;
  if (value.length < 4 + size) return undefined;
  const unmask = (bytes: Buffer) => bytes.map((byte, at) => byte ^ (mask?.[at] ?? 0));
  const port = Buffer.from(unmask(value.subarray(2, 4))).readUInt16BE(0);
  const bytes = Buffer.from(unmask(value.subarray(4, 4 + size)));
  if (size === 4) return { address: bytes.join("."), port };
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return { address: new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1), port };
}
