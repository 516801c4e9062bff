// Asks a router by UDP, at the port that PCP and NAT-PMP share (RFC 6887 §19, RFC 6886 §3).
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { MappingError } from "./mapping.ts";

/** The router's port. */
const GATEWAY_PORT = 5351;

/**
 * Times of the retransmissions and of the end, in milliseconds. RFC 6886 §3.1 begins with 250 ms, and goes
 * on for a minute; a router at home that has not answered in two seconds has no such service.
 */
const RESEND_MS = [250, 750];
const GIVE_UP_MS = 2_000;

/** A socket that hears only the router. */
export class GatewaySocket implements Disposable {
  readonly #socket: Socket;
  /** This machine's address on the router's network. */
  readonly ownAddress: string;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.ownAddress = socket.address().address;
  }

  /** @throws {MappingError} `silent` if the router cannot be reached. */
  static async open(gateway: string, port = GATEWAY_PORT): Promise<GatewaySocket> {
    const socket = createSocket("udp4");
    try {
      // Connected: the kernel drops what others send, and tells when nobody listens there.
      socket.connect(port, gateway);
      await once(socket, "connect");
    } catch (cause) {
      socket.close();
      throw new MappingError("silent", `cannot reach the router ${gateway}`, { cause });
    }
    return new GatewaySocket(socket);
  }

  /**
   * Sends a request until `read` takes an answer.
   *
   * @param read Reads a message; undefined if it is not the answer.
   * @throws {MappingError} `silent` if no answer comes. What `read` throws.
   */
  async ask<Answer>(
    request: Uint8Array,
    read: (message: Buffer) => Answer | undefined,
  ): Promise<Answer> {
    const socket = this.#socket;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const hear = (message: Buffer) => {
      try {
        const answer = read(message);
        if (answer !== undefined) resolve(answer);
      } catch (error) {
        reject(error);
      }
    };
    const fail = (cause?: Error) => {
      reject(new MappingError("silent", "the router does not answer", { cause }));
    };
    const send = () => socket.send(request, (error) => error && fail(error));
    socket.on("message", hear).on("error", fail);
    send();
    const timers = [...RESEND_MS.map((ms) => setTimeout(send, ms)), setTimeout(fail, GIVE_UP_MS)];
    try {
      return await promise;
    } finally {
      timers.forEach(clearTimeout);
      socket.off("message", hear).off("error", fail);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.on("error", () => {}).close();
  }
}
