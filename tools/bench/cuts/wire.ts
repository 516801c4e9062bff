// A UDP wire between pages and a host that can be cut: it then drops packets without notice.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** The dropped packets: all, or only the host's, as behind a NAT that has forgotten the page. */
export type Loss = "all" | "host's";

/** Forwards packets to one address of a host, as a NAT does. */
export class Wire {
  /** The port that pages send to, at the host's address. */
  readonly port: number;
  readonly #near: Socket;
  /** Sockets towards the host, by the page's address. */
  readonly #far = new Map<string, Socket>();
  #loss: Loss | undefined;

  private constructor(near: Socket, host: { address: string; port: number }) {
    this.#near = near;
    this.port = near.address().port;
    near.on("message", (packet, page) => {
      if (this.#loss === "all") return;
      this.#farOf(page).send(packet, host.port, host.address);
    });
  }

  /** Opens a wire to an address of this machine. */
  static async to(host: { address: string; port: number }): Promise<Wire> {
    const near = createSocket("udp4").bind(0, host.address);
    await once(near, "listening");
    return new Wire(near, host);
  }

  /** Drops packets from now on. */
  cut(loss: Loss): void {
    this.#loss = loss;
  }

  close(): void {
    for (const socket of [this.#near, ...this.#far.values()]) socket.close();
  }

  #farOf(page: { address: string; port: number }): Socket {
    const key = `${page.address} ${page.port}`;
    let far = this.#far.get(key);
    if (!far) {
      far = createSocket("udp4").on("message", (packet) => {
        if (!this.#loss) this.#near.send(packet, page.port, page.address);
      });
      this.#far.set(key, far);
    }
    return far;
  }
}
