// A tab's own connection, for tests, to a host in memory: Node.js lacks WebRTC.
import { type LighthouseError, serveRequest, type Session } from "../../wire/mod.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import type { ConnectionView, CurrentView } from "../connection/connection_view.ts";

/** What the host calls every browser. */
export const DEVICE = { id: "1", name: "Ann's phone" };

/** Connects when told to. */
export class OwnConnection {
  /** Calls of `connect`, `renew`, `close` and `refuse`. */
  readonly calls: string[] = [];
  /** Paths that the host was asked for. */
  readonly asked: string[] = [];
  isWanted = false;
  readonly isResting = false;
  session: Session | undefined;
  readonly #view: CurrentView;
  readonly #name: string;

  /** @param name Begins each of the host's answers. */
  constructor(view: CurrentView, name = "host") {
    this.#view = view;
    this.#name = name;
  }

  connect(): void {
    this.calls.push("connect");
    if (!this.isWanted) this.become({ state: "signalling", reason: "Looking for the host …" });
    this.isWanted = true;
  }

  renew(): void {
    this.calls.push("renew");
  }

  look(): Promise<void> {
    this.calls.push("look");
    return Promise.resolve();
  }

  close(): void {
    this.calls.push("close");
    this.isWanted = false;
    this.session?.close();
    this.session = undefined;
    this.become({ state: "idle", reason: "Closed" });
  }

  refuse(error: LighthouseError): void {
    this.calls.push(`refuse ${error.code}`);
    this.become({ state: "failed", reason: error.message, error });
  }

  /** The connection stands differently now. */
  become(view: ConnectionView): void {
    this.#view.show(view);
  }

  /** Connects to a host that answers with its name and the path, and to `/never` never. */
  async open(): Promise<void> {
    const { page } = await connectSessions({
      host: {
        onStream: (stream) =>
          void serveRequest(stream, ({ target }) => {
            this.asked.push(target);
            if (target === "/never") return new Promise(() => {});
            const body = new Blob([`${this.#name} ${target}`]).stream();
            return Promise.resolve({ status: 200, statusText: "OK", headers: [], body });
          }),
      },
    });
    this.session = page;
    this.become({ state: "connected", reason: "Connected", device: DEVICE, session: page });
  }
}
