// A page's peer in memory, for tests: the other end of its channel is the host's.
import type { Peer, PeerPath } from "../connection/peer.ts";
import { MemoryChannel } from "../../wire/testing/channel_pair.ts";

/** A peer whose channel opens when a test says so. */
export class MemoryPeer implements Peer {
  readonly offer: Promise<string>;
  readonly channel: Promise<MemoryChannel>;
  /** The host's end of the channel. */
  readonly far: MemoryChannel;
  /** The answer that was taken. */
  accepted: string | undefined;
  isClosed = false;
  path: PeerPath = "host";
  readonly #near: MemoryChannel;
  readonly #opening = Promise.withResolvers<MemoryChannel>();

  /** @param offer The offer's SDP. */
  constructor(offer: string | Promise<string> = "v=0\r\noffer") {
    [this.#near, this.far] = MemoryChannel.pair();
    this.offer = Promise.resolve(offer);
    this.channel = this.#opening.promise;
    this.offer.catch(() => {});
    this.channel.catch(() => {});
  }

  get isOver(): boolean {
    return this.isClosed;
  }

  accept(sdp: string): void {
    this.accepted = sdp;
  }

  open(): void {
    this.#opening.resolve(this.#near);
  }

  close(): void {
    this.isClosed = true;
    this.#near.close();
    this.#opening.reject(new Error("The peer was closed"));
  }

  stats() {
    return Promise.resolve({ path: this.path, bytesSent: 0, bytesReceived: 0 });
  }
}
