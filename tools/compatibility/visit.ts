// One app and the two pages from which the driver reaches it: the site's page with the tunnel, and a tab
// that shows the app's own pages by the service worker.
import type { Page } from "puppeteer-core";

/** An answer to a script's `fetch`. */
export interface Answer {
  status: number;
  text: string;
}

/** Where an app is reached. */
export interface VisitOptions {
  /** The app's root on its own server, with a slash at its end. */
  own: string;
  /** Whether it is to see a reverse proxy in place of a client on its own machine. */
  isProxied: boolean;
  /** The page with the `<lighthouse-tunnel>`; without a tunnel, a page of the app. */
  page: Page;
  tab: Page;
  /** The URL in the tab that leads to the app's root, with a slash at its end. */
  base: string;
  /** The path in the tunnel that leads to the app's root, with a slash at its end. */
  path: string;
}

/** A visit to an app. Paths are relative to the app's root. */
export class Visit {
  /** The app's root on its own server, with a slash at its end. */
  readonly own: string;
  /** Whether it is to see a reverse proxy in place of a client on its own machine. */
  readonly isProxied: boolean;
  readonly tab: Page;
  /** The page with the `<lighthouse-tunnel>`; without a tunnel, a page of the app. */
  readonly page: Page;
  readonly #base: string;
  /** The path in the tunnel that leads to the app's root, with a slash at its end. */
  readonly path: string;

  constructor({ own, isProxied, page, tab, base, path }: VisitOptions) {
    this.own = own;
    this.isProxied = isProxied;
    this.tab = tab;
    this.page = page;
    this.#base = base;
    this.path = path;
  }

  /** The URL of a path in the tab. */
  url(path: string): string {
    return this.#base + path;
  }

  /** Shows a page of the app in the tab. */
  async show(path: string): Promise<void> {
    await this.tab.bringToFront();
    await this.tab.goto(this.url(path));
  }

  /** Fetches by `tunnel.fetch()`; without a tunnel, by the browser's own. */
  async fetch(path: string, init: RequestInit = {}): Promise<Answer> {
    return await this.page.evaluate(
      async (path, init) => {
        const tunnel = document.querySelector("lighthouse-tunnel");
        const response = await (tunnel ? tunnel.fetch(path, init) : fetch(path, init));
        return { status: response.status, text: await response.text() };
      },
      this.path + path,
      init,
    );
  }

  /** Fetches by a script of the app's page: through the service worker. */
  async fetchInTab(path: string, init: RequestInit = {}): Promise<Answer> {
    return await this.tab.evaluate(
      async (url, init) => {
        const response = await fetch(url, init);
        return { status: response.status, text: await response.text() };
      },
      this.url(path),
      init,
    );
  }

  /**
   * Opens a WebSocket by `tunnel.socket()`, and sends messages.
   *
   * @param messages Each a text, or bytes in hexadecimal after `0x`.
   * @returns All that came until a message has the pattern; bytes as Latin-1.
   */
  async talk(
    path: string,
    messages: string[],
    until: RegExp,
    protocols: string[] = [],
  ): Promise<string> {
    return await this.page.evaluate(
      async (path, messages, pattern, protocols) => {
        const tunnel = document.querySelector("lighthouse-tunnel");
        const socket = tunnel ? tunnel.socket(path, protocols) : new WebSocket(path, protocols);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
          for (const message of messages) {
            socket.send(message.startsWith("0x") ? bytesOf(message.slice(2)) : message);
          }
        };
        let all = "";
        return await new Promise<string>((resolve, reject) => {
          const giveUp = (why: string) =>
            reject(new Error(`${why} after ${all.length} characters`));
          setTimeout(() => giveUp("The WebSocket is silent"), 15_000);
          socket.onclose = ({ code, reason }) => giveUp(`Closed with ${code} ${reason}`);
          socket.onmessage = ({ data }) => {
            all += typeof data === "string" ? data : new TextDecoder("latin1").decode(data);
            if (!new RegExp(pattern).test(all)) return;
            socket.onclose = null;
            socket.close();
            resolve(all);
          };
        });

        function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
          return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
        }
      },
      this.path + path,
      messages,
      until.source,
      protocols,
    );
  }
}
