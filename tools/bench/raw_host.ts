// The host's end of the raw channel: node-datachannel in a separate process, without a protocol on top.
// It is reached through a relay like a host, and answers page/raw.ts.
//
//     node raw_host.ts RELAY        raw.ts forks it and receives its connectionId
import { type DataChannel, PeerConnection } from "node-datachannel";
import process from "node:process";
import { WebSocket } from "ws";
import { formatOffer, parseOffer } from "../../host/peers/sdp.ts";
import { formatSendSignal, ME, parseRelayMessage } from "../../wire/mod.ts";
import { FarEnd } from "./exchange.ts";
import { payloadParts, RAW_HIGH_WATER, RAW_PIECE } from "./payload.ts";

/** Keeps references: garbage collection would end the connections. */
const kept = new Set<unknown>();

const socket = new WebSocket(process.argv[2]!);
socket.on("open", () => say(ME, { type: "probe", nonce: "raw" }));
socket.on("message", (text) => {
  const message = parseRelayMessage(String(text));
  if (message.kind === "error") throw new Error(message.message);
  // Only the bench's page is at the other end, so signals are not sealed.
  const signal = message.data as { type: string; sdp: string };
  if (signal.type === "probe") process.send!(message.from);
  if (signal.type === "offer") answer(signal.sdp, message.from!);
});
// Ends with the bench.
process.on("disconnect", () => process.exit());

function say(to: string, data: unknown): void {
  socket.send(formatSendSignal({ to, data }));
}

function answer(sdp: string, page: string): void {
  const connection = new PeerConnection("raw", { iceServers: [] });
  kept.add(connection);
  connection.onGatheringStateChange((state) => {
    if (state !== "complete") return;
    say(page, { type: "answer", sdp: connection.localDescription()!.sdp });
  });
  connection.onDataChannel((channel) => {
    kept.add(channel);
    channel.onClosed(() => {
      kept.delete(channel);
      kept.delete(connection);
      connection.close();
    });
    serve(channel);
  });
  connection.setRemoteDescription(formatOffer(parseOffer(sdp)), "offer");
}

function serve(channel: DataChannel): void {
  const end = new FarEnd({
    tell: (message) => channel.sendMessage(JSON.stringify(message)),
    async sendPayload(bytes) {
      for (const part of payloadParts(bytes, RAW_PIECE)) {
        channel.sendMessageBinary(part);
        if (channel.bufferedAmount() < RAW_HIGH_WATER) continue;
        await new Promise<void>((resolve) => channel.onBufferedAmountLow(resolve));
      }
    },
  });
  channel.setBufferedAmountLowThreshold(RAW_HIGH_WATER / 2);
  channel.onError(() => {});
  channel.onMessage((data) => {
    end.take(typeof data === "string" ? JSON.parse(data) : new Uint8Array(data as ArrayBuffer));
  });
}
