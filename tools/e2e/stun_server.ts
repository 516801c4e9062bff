// For tests: a STUN server that says what a router's mapping would make it say.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

/** Options of {@linkcode startStunServer}. */
export interface StunServerOptions {
  /** The address that askers are told they come from. @default their own */
  seenAs?: string;
  /** Whether each of its addresses tells another port, as behind a symmetric NAT. */
  isSymmetric?: boolean;
  /** Whether it has a second address, and says so (RFC 5780). */
  hasOther?: boolean;
  /** Whether it answers at all. @default true */
  answers?: boolean;
  /** Its addresses. @default 127.0.0.1 and 127.0.0.2 */
  addresses?: [string, string];
}

/** Starts one. */
export async function startStunServer(options: StunServerOptions = {}) {
  const { hasOther = false, answers = true, addresses = ["127.0.0.1", "127.0.0.2"] } = options;
  const [first, second] = addresses;
  const main = await bind(first);
  const { port } = main.address();
  const other = hasOther ? await bind(second, port) : undefined;
  for (const [at, socket] of [main, other].entries()) {
    socket?.on("message", (message, sender) => {
      if (answers) socket.send(answerTo(message, sender, at), sender.port, sender.address);
    });
  }

  function answerTo(request: Buffer, sender: RemoteInfo, at: number): Buffer {
    const seen = {
      address: options.seenAs ?? sender.address,
      port: options.isSymmetric ? 40_000 + at : sender.port,
    };
    const attributes = [attribute(0x0020, xor(addressOf(seen), request.subarray(4, 20)))];
    if (hasOther) attributes.push(attribute(0x802c, addressOf({ address: second, port })));
    const body = Buffer.concat(attributes);
    const head = Buffer.from(request.subarray(0, 20));
    head.writeUInt16BE(0x0101, 0);
    head.writeUInt16BE(body.length, 2);
    return Buffer.concat([head, body]);
  }

  return {
    url: `stun:${first}:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of [main, other]) {
        if (!socket) continue;
        socket.close();
        await once(socket, "close");
      }
    },
  };
}

async function bind(address: string, port = 0): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(port, address);
  await once(socket, "listening");
  return socket;
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value]);
}

function addressOf({ address, port }: { address: string; port: number }): Buffer {
  return Buffer.from([0, 1, port >> 8, port & 0xff, ...address.split(".").map(Number)]);
}

/** RFC 8489 §14.2. */
function xor(value: Buffer, mask: Buffer): Buffer {
  const masked = value.subarray(4).map((byte, at) => byte ^ mask[at]!);
  const port = value.subarray(2, 4).map((byte, at) => byte ^ mask[at]!);
  return Buffer.concat([value.subarray(0, 2), port, masked]);
}
