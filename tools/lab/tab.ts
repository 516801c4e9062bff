// The page of a case, driven from outside: it connects, downloads, and tells which way its bytes take.
import type { Page } from "puppeteer-core";
import type { LighthouseTunnel } from "../../components/mod.ts";
import type { LabWay } from "./cases.ts";
import { isAsGood } from "./judge.ts";
import type { LabDial, LabDownload, LabResult } from "./lab.ts";

/** Where the page is, and the element's attributes. */
export interface Embedding {
  /** The page server's URL. */
  site: string;
  relay: string;
  stun: string;
}

/** Limits, in milliseconds: for a connect, for a better way after it, and for a small request after a change. */
const CONNECT_MS = 30_000;
const MOVE_MS = 20_000;
const SMALL_MS = 60_000;

/** What the page keeps for the functions that run in it. */
interface LabGlobals {
  tunnel: LighthouseTunnel;
  connections: RTCPeerConnection[];
  started: number;
  states: [number, string][];
  bytes: number;
}

/** A tab with the element. */
export class LabTab {
  readonly #page: Page;
  readonly #embedding: Embedding;

  constructor(page: Page, embedding: Embedding) {
    this.#page = page;
    this.#embedding = embedding;
  }

  /**
   * Opens the page anew, connects, and asks for a small answer.
   *
   * @param best If the way is not as good, waits for one that is.
   * @param fragment A pairing link's. @default none: the browser is paired
   * @throws {Error} If there is no answer, with the reason that the element gives.
   */
  async connect(best: LabWay, fragment = ""): Promise<LabDial> {
    await this.#load(fragment);
    const { failure, ms } = await this.#page.evaluate(
      async ({ relay, stun }, limit) => {
        const globals = globalThis as unknown as LabGlobals;
        const tunnel = globals.tunnel = document.createElement("lighthouse-tunnel");
        tunnel.setAttribute("relay", relay);
        tunnel.setAttribute("stun", stun);
        const started = globals.started = performance.now();
        const states: [number, string][] = globals.states = [];
        tunnel.addEventListener("statechange", () => {
          states.push([Math.round(performance.now() - started), tunnel.state]);
        });
        document.body.append(tunnel);
        const text = await Promise.race([
          tunnel.fetch("/bench/small").then((response) => response.text(), String),
          new Promise<string>((resolve) => setTimeout(() => resolve("no answer"), limit)),
        ]);
        return {
          ms: Math.round(performance.now() - started),
          failure: text === "ok" ? undefined : `${tunnel.reason} ${text}`.trim(),
        };
      },
      this.#embedding,
      CONNECT_MS,
    );
    if (failure) throw new Error(failure);
    // The host's answer may bring the first answer, before anything is open.
    const { way } = await this.untilWay("relayed");
    return isAsGood(way, best) ? { ms, way } : { ms, way, moved: await this.untilWay(best) };
  }

  /** Loads the page and the element's script. */
  async #load(fragment: string): Promise<void> {
    const { site } = this.#embedding;
    // A page of another URL in between: a fragment alone would not load it anew.
    await this.#page.goto("about:blank");
    await this.#page.goto(`${site}bench${fragment}`);
    await this.#page.evaluate(() => {
      const globals = globalThis as unknown as LabGlobals;
      const connections: RTCPeerConnection[] = globals.connections = [];
      const Native = RTCPeerConnection;
      globalThis.RTCPeerConnection = class extends Native {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          connections.push(this);
        }
      };
    });
    await this.#page.addScriptTag({ url: `${site}lighthouse-tunnel.js`, type: "module" });
  }

  /** Waits until the way is as good as `best`. @returns The way then, or when the time is over. */
  async untilWay(best: LabWay): Promise<NonNullable<LabDial["moved"]>> {
    const began = performance.now();
    for (;;) {
      const way = await this.way();
      const ms = await this.#page.evaluate(() =>
        Math.round(performance.now() - (globalThis as unknown as LabGlobals).started)
      );
      const isLate = performance.now() - began > MOVE_MS;
      if (isAsGood(way, best) || isLate) return { ms, way };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Downloads, and compares the bytes with the backend's own hash. */
  async download(bytes: number): Promise<LabDownload> {
    return await this.#page.evaluate(async (bytes) => {
      const globals = globalThis as unknown as LabGlobals;
      const { tunnel } = globals;
      const started = performance.now();
      const all = new Uint8Array(bytes);
      let [last, gap] = [started, 0];
      globals.bytes = 0;
      try {
        const response = await tunnel.fetch(`/bench/download?bytes=${bytes}`);
        const reader = response.body!.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          const now = performance.now();
          gap = Math.max(gap, now - last);
          last = now;
          all.set(value, globals.bytes);
          globals.bytes += value.length;
        }
        const ms = Math.round(performance.now() - started);
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
        const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
        const sent = await (await tunnel.fetch(`/lab/hash?bytes=${bytes}`)).text();
        const isExact = globals.bytes === bytes && hash === sent;
        return { isExact, bytes: globals.bytes, ms, gap: Math.round(gap) };
      } catch (error) {
        const ms = Math.round(performance.now() - started);
        const rest = { bytes: globals.bytes, ms, gap: Math.round(gap) };
        return { isExact: false, ...rest, error: String(error) };
      }
    }, bytes);
  }

  /** Resolves when the download has so many bytes. */
  async hasBytes(bytes: number): Promise<void> {
    await this.#page.waitForFunction(
      (bytes) => (globalThis as unknown as LabGlobals).bytes >= bytes,
      { timeout: SMALL_MS, polling: 20 },
      bytes,
    );
  }

  /** The time to a small answer now, in milliseconds; undefined if none comes in a minute. */
  async small(): Promise<number | undefined> {
    return await this.#page.evaluate(async (limit) => {
      const { tunnel } = globalThis as unknown as LabGlobals;
      const started = performance.now();
      const text = await Promise.race([
        tunnel.fetch("/bench/small").then((response) => response.text(), String),
        new Promise<string>((resolve) => setTimeout(() => resolve(""), limit)),
      ]);
      return text === "ok" ? Math.round(performance.now() - started) : undefined;
    }, SMALL_MS);
  }

  async states(): Promise<LabResult["states"]> {
    return await this.#page.evaluate(() => (globalThis as unknown as LabGlobals).states);
  }

  /**
   * The way now. The element knows whether it is the relay; of a direct connection, the candidates of the
   * pair in use tell the rest (RFC 8445 §5.1.1).
   */
  async way(): Promise<LabWay> {
    return await this.#page.evaluate(async () => {
      const { tunnel, connections } = globalThis as unknown as LabGlobals;
      const path = await tunnel.stats().then((stats) => stats.path as string, () => "none");
      if (path === "none" || path === "relayed") return path;
      if (path === "relay") return "turn";
      const open = connections.filter(({ connectionState }) => connectionState === "connected");
      for (const connection of open) {
        const all = [...(await connection.getStats()).values()];
        const byId = new Map(all.map((each) => [each.id, each]));
        const pair = all.find((each) =>
          each.type === "candidate-pair" && each.nominated && each.state === "succeeded"
        );
        const remote = byId.get(pair?.remoteCandidateId);
        if (!remote) continue;
        const mapped = /candidate:mapped 1 UDP \d+ (\S+) (\d+) /i
          .exec(connection.remoteDescription?.sdp ?? "");
        const isMapped = mapped && remote.address === mapped[1] &&
          remote.port === Number(mapped[2]);
        return isMapped ? "mapped" : "direct";
      }
      return "direct";
    });
  }
}
