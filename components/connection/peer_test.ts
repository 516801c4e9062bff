// simple-peer, on node-datachannel in place of a browser's WebRTC, connects with the host's own peer.
import { setTimeout as delay } from "node:timers/promises";
import {
  RTCIceCandidate,
  RTCPeerConnection,
  RTCSessionDescription,
} from "node-datachannel/polyfill";
import * as assert from "uvu/assert";
import { answerOffer, endPeers } from "../../host/peers/peer.ts";
import { parseOffer } from "../../host/peers/sdp.ts";
import { suite } from "../../tools/testing/suite.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { createPeer, type PeerOptions } from "./peer.ts";

const test = suite("page's peer", { deadline: 30_000 });
test.after(() => endPeers());

/** As browsers are: simple-peer changes the offer's `sdp`, and candidates begin with their name. */
class Connection extends RTCPeerConnection {
  #listener: (event: RTCPeerConnectionIceEvent) => void = () => {};

  constructor(config: RTCConfiguration) {
    super(config as ConstructorParameters<typeof RTCPeerConnection>[0]);
    Object.defineProperty(this, "onicecandidate", {
      set: (listener) => this.#listener = listener,
      get: () => ({ candidate }: RTCPeerConnectionIceEvent) => {
        const text = candidate?.candidate.replace(/^a=/, "");
        const shown = candidate && { candidate: text, sdpMid: candidate.sdpMid };
        this.#listener({ candidate: shown } as RTCPeerConnectionIceEvent);
      },
    });
  }

  override async createOffer() {
    const { type, sdp } = await super.createOffer();
    return { type, sdp } as RTCSessionDescription;
  }
}

const options: PeerOptions = {
  ice: { iceServers: [] },
  webRtc: {
    RTCPeerConnection: Connection,
    RTCSessionDescription,
    RTCIceCandidate,
  } as unknown as PeerOptions["webRtc"],
};

test("a page's offer and the host's answer make a channel, on which bytes go both ways", async () => {
  const page = createPeer(options);
  const host = answerOffer(parseOffer(await page.offer), options);
  page.accept(await host.answer);
  const [near, far] = await Promise.all([page.channel, host.channel]);
  far.onmessage = (message) => far.send(message as Uint8Array<ArrayBuffer>);
  const echo = new Promise((resolve) => near.onmessage = resolve);
  near.send(Uint8Array.of(1, 2, 3));
  assert.equal(new Uint8Array(await echo as Uint8Array), Uint8Array.of(1, 2, 3));
  assert.is(near.bufferedAmount, 0);

  const closed = new Promise<void>((resolve) => near.onclose = resolve);
  page.close();
  await Promise.all([closed, host.closed]);
  // A channel that is closed takes no more, and does not throw.
  near.send(Uint8Array.of(4));
  assert.is(near.bufferedAmount, 0);
});

test("an offer waits until it can be sent, and has a candidate of the host", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const page = createPeer({ ...options, until: promise });
  let isMade = false;
  page.offer.then(() => isMade = true);
  await delay(50);
  assert.not(isMade);
  resolve();
  const { candidates } = parseOffer(await page.offer);
  assert.ok(candidates.some(({ type }) => type === "host"));
  assert.equal(candidates.length, new Set(candidates.map((each) => JSON.stringify(each))).size);
  page.close();
});

test("a peer that is closed before it connects fails with connection-failed", async () => {
  const page = createPeer(options);
  page.close();
  assert.is((await failureOf(page.channel)).code, "connection-failed");
  assert.is((await failureOf(page.offer)).code, "connection-failed");
});

test.run();
