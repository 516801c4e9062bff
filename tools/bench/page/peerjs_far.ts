// In the second Chromium: PeerJS's far end, which answers page/peerjs.ts.
import { FarEnd, type Question } from "../exchange.ts";
import { listen, type PeerJsSettings, register, speakerOf } from "./peerjs_ends.ts";

Object.assign(globalThis, {
  async start(settings: PeerJsSettings): Promise<void> {
    const peer = await register(settings, settings.far);
    peer.on("connection", (connection) => {
      const end = new FarEnd(speakerOf(connection));
      listen<Question>(connection, (arrived) => end.take(arrived));
    });
  },
});
