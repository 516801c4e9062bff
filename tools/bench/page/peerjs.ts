// In the page: PeerJS's data connection to a second Chromium, which runs page/peerjs_far.ts.
import { type Answer, NearEnd } from "../exchange.ts";
import { offer } from "./driver.ts";
import { listen, type PeerJsSettings, register, speakerOf } from "./peerjs_ends.ts";

offer(async (settings: PeerJsSettings) => {
  const { end } = await dial(settings);
  return {
    download: (bytes, onBegin) => end.download(bytes, onBegin),
    upload: (bytes) => end.upload(bytes),
    roundTrip: () => end.roundTrip(),
    async connect() {
      const another = await dial(settings);
      await another.end.roundTrip();
      return another.close;
    },
  };
});

async function dial(settings: PeerJsSettings): Promise<{ end: NearEnd; close: () => void }> {
  const peer = await register(settings);
  const connection = peer.connect(settings.far, { reliable: true });
  const end = new NearEnd(speakerOf(connection));
  listen<Answer>(connection, (arrived) => end.take(arrived));
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => {
      reject(error);
      end.fail(error);
    };
    peer.on("error", fail);
    connection.on("error", fail);
    connection.on("close", () => fail(new Error("PeerJS's connection was closed")));
    connection.on("open", resolve);
  });
  return { end, close: () => peer.destroy() };
}
