// In the page: a simple-peer channel without a protocol on top. The other end is raw_host.ts.
import SimplePeer from "simple-peer/simplepeer.min.js";
import { formatSendSignal, parseRelayMessage } from "../../../wire/mod.ts";
import { NearEnd } from "../exchange.ts";
import { payloadParts, RAW_HIGH_WATER, RAW_PIECE } from "../payload.ts";
import { offer } from "./driver.ts";

/** Settings of the raw channel's page. */
export interface RawSettings {
  /** The relay's WebSocket URL. */
  relay: string;
}

offer(async ({ relay }: RawSettings) => {
  const kept = await dial(relay);
  return {
    download: (bytes, onBegin) => kept.end.download(bytes, onBegin),
    upload: (bytes) => kept.end.upload(bytes),
    roundTrip: () => kept.end.roundTrip(),
    async connect() {
      const { end, peer } = await dial(relay);
      await end.roundTrip();
      return () => peer.destroy();
    },
  };
});

/** Dials as the element does: one message out, one in, then it closes the WebSocket. */
async function dial(relay: string): Promise<{ end: NearEnd; peer: SimplePeer.Instance }> {
  const peer = new SimplePeer({
    initiator: true,
    trickle: false,
    config: { iceServers: [] },
    // Like the product's channel: reliable and unordered.
    channelConfig: { ordered: false },
    objectMode: true,
  });
  const end = endOf(peer);
  const socket = new WebSocket(relay);
  try {
    await new Promise<void>((resolve, reject) => {
      const opened = new Promise((resolve) => socket.onopen = resolve);
      socket.onclose = () => reject(new Error("Cannot connect: the relay closed the connection"));
      socket.onmessage = ({ data }) => {
        const message = parseRelayMessage(String(data));
        if (message.kind === "error") return reject(new Error(message.message));
        const signal = message.data as SimplePeer.SignalData;
        if (signal.type === "answer") peer.signal(signal);
      };
      peer.on("signal", async (data) => {
        await opened;
        socket.send(formatSendSignal({ data }));
      });
      peer.on("connect", resolve).on("error", reject);
    });
  } finally {
    socket.close();
  }
  return { end, peer };
}

function endOf(peer: SimplePeer.Instance): NearEnd {
  const end = new NearEnd({
    tell: (message) => peer.send(JSON.stringify(message)),
    async sendPayload(bytes) {
      // Bypasses simple-peer's queue, which limits the channel to 64 KiB and is some 7 % slower.
      const { _channel: channel } = peer as unknown as { _channel: RTCDataChannel };
      channel.bufferedAmountLowThreshold = RAW_HIGH_WATER / 2;
      for (const part of payloadParts(bytes, RAW_PIECE)) {
        peer.send(part);
        if (channel.bufferedAmount >= RAW_HIGH_WATER) await once(channel, "bufferedamountlow");
      }
    },
  });
  peer.on("data", (data: Uint8Array | string) => {
    end.take(typeof data === "string" ? JSON.parse(data) : data);
  });
  peer.on("error", (error) => end.fail(error));
  peer.on("close", () => end.fail(new Error("The raw channel was closed")));
  return end;
}

function once(target: EventTarget, type: string): Promise<Event> {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}
