// Maps ports by NAT-PMP (RFC 6886), the older brother of PCP, which many routers speak only.
import { GatewaySocket } from "./gateway_socket.ts";
import { type Mapping, MappingError, type MappingRequest, type PortMapper } from "./mapping.ts";

const VERSION = 0;
const RESPONSE = 0x80;

/** Operations (RFC 6886 §3.2, §3.3): what is the outer address? Map a UDP port. */
const ADDRESS = 0;
const MAP_UDP = 1;

/** Bytes of the answers. */
const ADDRESS_BYTES = 12;
const MAP_BYTES = 16;

/** Writes a request to map a UDP port; to give it back with a lifetime of 0. */
export function formatMapRequest({ port, outerPort = port, lifetime }: MappingRequest): Buffer {
  const request = Buffer.alloc(12);
  request[0] = VERSION;
  request[1] = MAP_UDP;
  request.writeUInt16BE(port, 4);
  request.writeUInt16BE(lifetime === 0 ? 0 : outerPort, 6);
  request.writeUInt32BE(lifetime, 8);
  return request;
}

/** Reads the answer to a request for a port. Undefined, and throws, as {@linkcode parseAddressAnswer}. */
export function parseMapAnswer(
  message: Buffer,
  port: number,
): { port: number; lifetime: number } | undefined {
  if (!isAnswer(message, MAP_UDP, MAP_BYTES) || message.readUInt16BE(8) !== port) return undefined;
  return { port: message.readUInt16BE(10), lifetime: message.readUInt32BE(12) };
}

/**
 * Reads the answer to a request for the outer address.
 *
 * @returns Undefined if the message is another one.
 * @throws {MappingError} If the router refuses.
 */
export function parseAddressAnswer(message: Buffer): string | undefined {
  if (!isAnswer(message, ADDRESS, ADDRESS_BYTES)) return undefined;
  return [...message.subarray(8, 12)].join(".");
}

/** Results of RFC 6886 §3.5: 3 is "network failure", such as no address yet; 4 "out of resources". */
function isAnswer(message: Buffer, operation: number, bytes: number): boolean {
  if (message.length < 4 || message[0] !== VERSION) return false;
  if (message[1] !== (RESPONSE | operation)) return false;
  const result = message.readUInt16BE(2);
  if (result === 0) return message.length >= bytes;
  if (result === 3) {
    throw new MappingError("not-public", "the router has no public address itself (NAT-PMP)");
  }
  const why = `the router refuses the port (NAT-PMP result ${result})`;
  throw new MappingError(result === 4 ? "full" : "refused", why);
}

/** A router that may speak NAT-PMP. */
export class NatPmpMapper implements PortMapper {
  readonly protocol = "NAT-PMP";
  readonly #gateway: string;

  constructor(gateway: string) {
    this.#gateway = gateway;
  }

  async map(request: MappingRequest): Promise<Mapping> {
    const { port } = request;
    using socket = await GatewaySocket.open(this.#gateway);
    const address = await socket.ask(Uint8Array.of(VERSION, ADDRESS), parseAddressAnswer);
    const mapped = await socket.ask(formatMapRequest(request), (answer) => {
      return parseMapAnswer(answer, port);
    });
    return { port, outer: { address, port: mapped.port }, lifetime: mapped.lifetime };
  }

  async unmap({ port }: Mapping): Promise<void> {
    using socket = await GatewaySocket.open(this.#gateway);
    const request = formatMapRequest({ port, lifetime: 0 });
    await socket.ask(request, (answer) => parseMapAnswer(answer, port));
  }
}
