// In both PeerJS pages: how they find each other, and how they send.
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

/**
 * Bytes of one `send`: PeerJS cuts what is larger than 16,300, and puts it together again at the far
 * end, which is slower.
 */
const PIECE = 15 * 1024;

/** Bytes that its channel may hold: far below the 8 MiB at which PeerJS waits in steps of 50 ms. */
const HIGH_WATER = 1024 * 1024;

/** Registers with the PeerServer. @param id The name to take; without one, the server gives one. */
export async function register({ port }: PeerJsSettings, id?: string): Promise<Peer> {
  const options = { host: "127.0.0.1", port, path: "/", config: { iceServers: [] } };
  const peer = id ? new Peer(id, options) : new Peer(options);
  await new Promise<void>((resolve, reject) => {
    peer.once("open", () => resolve());
    peer.once("error", reject);
  });
  return peer;
}

/** Speaks over a connection as PeerJS's users do. */
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

/** Passes on what arrives: messages as they are, a payload's parts as bytes. */
export function listen<Message>(
  connection: DataConnection,
  take: (arrived: Message | Uint8Array) => void,
): void {
  connection.on("data", (data) => {
    take(data instanceof ArrayBuffer ? new Uint8Array(data) : data as Message | Uint8Array);
  });
}
