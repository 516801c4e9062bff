// Maps ports by the Port Control Protocol (RFC 6887).
import { randomBytes } from "node:crypto";
import { GatewaySocket } from "./gateway_socket.ts";
import {
  type Mapping,
  MappingError,
  type MappingRequest,
  type MappingTrouble,
  type PortMapper,
} from "./mapping.ts";

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1     RFC 6887 §7.1, §11.1
// +---------------+-+-------------+-------------------------------+
// |  version = 2  |R| opcode = 1  | reserved; the answer's result |
// +---------------+-+-------------+-------------------------------+
// |                       lifetime in seconds                     |
// +---------------------------------------------------------------+
// |     the client's address; in an answer the epoch (128 bits)   |
// +---------------------------------------------------------------+
// |                         nonce (96 bits)                       |
// +---------------+-----------------------------------------------+
// | protocol = 17 |                    reserved                   |
// +---------------+---------------+-------------------------------+
// |         inner port            |           outer port          |
// +-------------------------------+-------------------------------+
// |                    outer address (128 bits)                   |
// +---------------------------------------------------------------+
const BYTES = 60;
const VERSION = 2;
const MAP = 1;
const RESPONSE = 0x80;
const UDP = 17;

/** The first bytes of an IPv4 address that is written as one of IPv6 (RFC 4291 §2.5.5.2). */
const V4_MAPPED = Buffer.from("00000000000000000000ffff", "hex");

/** Results (RFC 6887 §7.4) that say more than a refusal. */
const TROUBLES: Readonly<Record<number, MappingTrouble>> = {
  // NETWORK_FAILURE: such as a router that has no public address.
  7: "not-public",
  // NO_RESOURCES, USER_EX_QUOTA.
  8: "full",
  10: "full",
};

/** What a request has to say. */
export interface PcpRequest extends MappingRequest {
  /** This machine's address. */
  client: string;
  /** 12 bytes, the same for all requests about one mapping. */
  nonce: Uint8Array;
}

/** Writes a request to map a UDP port; to give it back with a lifetime of 0. */
export function formatPcpRequest(
  { client, nonce, port, outerPort = port, lifetime }: PcpRequest,
): Buffer {
  const request = Buffer.alloc(BYTES);
  request[0] = VERSION;
  request[1] = MAP;
  request.writeUInt32BE(lifetime, 4);
  V4_MAPPED.copy(request, 8);
  Buffer.from(client.split(".").map(Number)).copy(request, 20);
  request.set(nonce, 24);
  request[36] = UDP;
  request.writeUInt16BE(port, 40);
  request.writeUInt16BE(lifetime === 0 ? 0 : outerPort, 42);
  // Any address of IPv4 (RFC 6887 §11.2).
  V4_MAPPED.copy(request, 44);
  return request;
}

/**
 * Reads an answer.
 *
 * @returns Undefined if it does not belong to the request.
 * @throws {MappingError} If the router gives no port, or does not speak PCP.
 */
export function parsePcpAnswer(message: Buffer, nonce: Uint8Array): Mapping | undefined {
  if (message.length < 4 || !(message[1]! & RESPONSE)) return undefined;
  // A router with NAT-PMP only answers in its own version (RFC 6886 §3.5).
  if (message[0] !== VERSION) throw new MappingError("silent", "the router does not speak PCP");
  if (message.length < BYTES || message[1] !== (RESPONSE | MAP)) return undefined;
  if (!message.subarray(24, 36).equals(nonce) || message[36] !== UDP) return undefined;
  const result = message[3]!;
  if (result !== 0) {
    const why = `the router refuses the port (PCP result ${result})`;
    throw new MappingError(TROUBLES[result] ?? "refused", why);
  }
  if (!message.subarray(44, 56).equals(V4_MAPPED)) return undefined;
  return {
    port: message.readUInt16BE(40),
    outer: { address: [...message.subarray(56, 60)].join("."), port: message.readUInt16BE(42) },
    lifetime: message.readUInt32BE(4),
  };
}

/** A router that may speak PCP. */
export class PcpMapper implements PortMapper {
  readonly protocol = "PCP";
  readonly #gateway: string;
  readonly #nonces = new Map<number, Uint8Array>();

  constructor(gateway: string) {
    this.#gateway = gateway;
  }

  async map(request: MappingRequest): Promise<Mapping> {
    const { port } = request;
    const nonce = this.#nonces.get(port) ?? randomBytes(12);
    this.#nonces.set(port, nonce);
    using socket = await GatewaySocket.open(this.#gateway);
    const message = formatPcpRequest({ ...request, client: socket.ownAddress, nonce });
    return await socket.ask(message, (answer) => parsePcpAnswer(answer, nonce));
  }

  async unmap({ port }: Mapping): Promise<void> {
    await this.map({ port, lifetime: 0 });
    this.#nonces.delete(port);
  }
}
