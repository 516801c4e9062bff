// In both PeerJS pages: registers, sends and receives.
import { type DataConnection, Peer } from "peerjs";
import type { Speaker } from "../exchange.ts";
import { payloadParts } from "../payload.ts";

/** Settings of both PeerJS pages. */
export interface PeerJsSettings {
  /** The PeerServer's port on 127.0.0.1. */
  port: number;
  /** The far page's name at the PeerServer. */
  far: string;
}

/** Bytes of one `send`: PeerJS splits anything above 16,300, which is slower. */
const PIECE = 15 * 1024;

/** Limit of queued bytes: far below the 8 MiB at which PeerJS waits in steps of 50 ms. */
const HIGH_WATER = 1024 * 1024;

/** Registers with the PeerServer. @param id The name to take. @default a name by the server */
export async function register({ port }: PeerJsSettings, id?: string): Promise<Peer> {
  const options = { host: "127.0.0.1", port, path: "/", config: { iceServers: [] } };
  const peer = id ? new Peer(id, options) : new Peer(options);
  await new Promise<void>((resolve, reject) => {
    peer.once("open", () => resolve());
    peer.once("error", reject);
  });
  return peer;
}

/** Sends over a connection as PeerJS's users do. */
export function speakerOf<Message>(connection: DataConnection): Speaker<Message> {
  return {
    tell: (message) => void connection.send(message),
    async sendPayload(bytes) {
      const channel = connection.dataChannel;
      channel.bufferedAmountLowThreshold = HIGH_WATER / 2;
      for (const part of payloadParts(bytes, PIECE)) {
        connection.send(part);
        if (channel.bufferedAmount < HIGH_WATER) continue;
        await new Promise((resolve) =>
          channel.addEventListener("bufferedamountlow", resolve, { once: true })
        );
      }
    },
  };
}

/** Passes arrivals on: messages as they are, a payload's parts as bytes. */
export function listen<Message>(
  connection: DataConnection,
  take: (arrived: Message | Uint8Array) => void,
): void {
  connection.on("data", (data) => {
    take(data instanceof ArrayBuffer ? new Uint8Array(data) : data as Message | Uint8Array);
  });
}
