// A small STUN client for the doctor (RFC 8489) that reads OTHER-ADDRESS (RFC 5780). No maintained
// library on npm does.
import { randomBytes } from "node:crypto";
import type { RemoteInfo, Socket } from "node:dgram";

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

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
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
  const { request, id } = bindingRequest();
  const { promise, resolve } = Promise.withResolvers<StunAnswer | undefined>();
  const hear = (message: Buffer) => {
    const answer = parseAnswer(message, id);
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
  const { request } = bindingRequest();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const hear = (message: Buffer, _sender: RemoteInfo) => {
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

function bindingRequest(): { request: Buffer; id: Buffer } {
  const id = randomBytes(12);
  const request = Buffer.alloc(HEADER_BYTES);
  request.writeUInt16BE(BINDING_REQUEST, 0);
  request.writeUInt32BE(MAGIC_COOKIE, 4);
  id.copy(request, 8);
  return { request, id };
}

/** @returns Undefined if the message is not the answer to the request. */
export function parseAnswer(message: Buffer, id: Buffer): StunAnswer | undefined {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== BINDING_SUCCESS) return;
  if (message.readUInt32BE(4) !== MAGIC_COOKIE || !message.subarray(8, HEADER_BYTES).equals(id)) {
    return undefined;
  }
  const end = Math.min(message.length, HEADER_BYTES + message.readUInt16BE(2));
  let mapped: Endpoint | undefined;
  let plain: Endpoint | undefined;
  let other: Endpoint | undefined;
  for (let at = HEADER_BYTES; at + 4 <= end;) {
    const type = message.readUInt16BE(at);
    const length = message.readUInt16BE(at + 2);
    const value = message.subarray(at + 4, Math.min(at + 4 + length, end));
    if (type === XOR_MAPPED_ADDRESS) mapped = parseAddress(value, message.subarray(4, 20));
    if (type === MAPPED_ADDRESS) plain = parseAddress(value);
    if (type === OTHER_ADDRESS) other = parseAddress(value);
    // Attributes are padded to four bytes (RFC 8489 §14).
    at += 4 + Math.ceil(length / 4) * 4;
  }
  mapped ??= plain;
  return mapped && { mapped, other };
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
