// For tests: a page's end of the connection, with node-datachannel in place of a browser's WebRTC.
import { type DataChannel, PeerConnection } from "node-datachannel";
import { setTimeout as sleep } from "node:timers/promises";
import type { Channel, Session, SessionOptions } from "../../wire/mod.ts";
import { connectPage } from "../../wire/testing/session_pair.ts";

/** A host's answer. */
export interface PageAnswer {
  sdp: string;
  /** The proof that the host expects on the connection. */
  proof?: Uint8Array;
}

/** A page that offers one channel. The process can exit once the page is closed. */
export class TestPage implements AsyncDisposable {
  /** Its session description, with all candidates. */
  readonly offer: Promise<string>;
  /** Resolves with the open channel. */
  readonly channel: Promise<Channel>;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  readonly connection: PeerConnection;
  /** Open channels: garbage collection would close unreferenced ones. */
  readonly #channels = new Set<DataChannel>();
  #proof: Uint8Array | undefined;

  constructor() {
    const offer = Promise.withResolvers<string>();
    const closed = Promise.withResolvers<void>();
    this.offer = offer.promise;
    this.closed = closed.promise;
    this.connection = new PeerConnection("test page", { iceServers: [] });
    this.connection.onGatheringStateChange((state) => {
      if (state === "complete") offer.resolve(this.connection.localDescription()!.sdp);
    });
    this.connection.onStateChange((state) => {
      if (state === "closed") closed.resolve();
    });
    this.channel = this.openChannel("lighthouse");
  }

  /**
   * Makes a page and connects it.
   *
   * On loopback, libdatachannel as the DTLS server fails about one handshake in a hundred, if a
   * ClientHello arrives while it starts. No host and no browser has that role. The function then tries
   * another page.
   *
   * @param answerOf Returns the host's answer to an offer.
   */
  static async connect(answerOf: (offer: string) => Promise<PageAnswer>): Promise<TestPage> {
    for (let tries = 1;; tries++) {
      const page = new TestPage();
      const ended = page.closed.then(() => {
        throw new Error("The test page's connection ended before it opened");
      });
      try {
        page.accept(await answerOf(await page.offer));
        await Promise.race([page.channel, ended]);
        return page;
      } catch (error) {
        ended.catch(() => {});
        await page.close();
        if (tries === 5) throw error;
        await sleep(1000);
      }
    }
  }

  /** Opens another channel. */
  openChannel(label: string): Promise<Channel> {
    const { promise, resolve } = Promise.withResolvers<Channel>();
    const native = this.connection.createDataChannel(label);
    this.#channels.add(native);
    const channel = this.#adapt(native);
    native.onOpen(() => resolve(channel));
    return promise;
  }

  /** Takes the host's answer. */
  accept({ sdp, proof }: PageAnswer): void {
    this.connection.setRemoteDescription(sdp, "answer");
    this.#proof = proof;
  }

  /** Begins a session on the channel. */
  async startSession(options?: Partial<SessionOptions>): Promise<Session> {
    return await connectPage(await this.channel, options, this.#proof);
  }

  /** Closes the connection. Call it after the other end's close, too, or endPeers() hangs. */
  async close(): Promise<void> {
    this.connection.close();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #adapt(native: DataChannel): Channel {
    const channel: Channel = {
      send(message) {
        if (!native.isOpen()) return;
        try {
          native.sendMessageBinary(message);
        } catch {
          // The channel closes on another thread, at any moment: `onclose` follows.
        }
      },
      get bufferedAmount() {
        return native.isOpen() ? native.bufferedAmount() : 0;
      },
      close: () => native.close(),
      onmessage: () => {},
      onclose: () => {},
    };
    native.onError(() => {});
    native.onMessage((message) =>
      channel.onmessage(typeof message === "string" ? message : new Uint8Array(message))
    );
    native.onClosed(() => {
      this.#channels.delete(native);
      channel.onclose();
    });
    return channel;
  }
}
