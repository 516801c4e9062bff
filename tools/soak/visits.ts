// What pages do in a host's life: they come, ask for things, check what they get, and go.
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "puppeteer-core";
import { fetchText, openPage, untilState } from "../e2e/browser.ts";
import type { Route } from "../local/backend_route.ts";
import { between } from "./between.ts";
import type { Life } from "./life_result.ts";

/** How long a page stays, in milliseconds. */
const STAY = { least: 3_000, most: 45_000 };

/** A page that is not connected by then, whatever has failed meanwhile, will not be. */
const CONNECT_MS = 90_000;

const DOWNLOAD = 256 * 1024;

/** What a visit needs. */
export interface Visit {
  browser: Browser;
  url: string;
  acts: Acts;
  /** What becomes of it is noted here. */
  life: Life;
  random: () => number;
  /** Ends it before its time. */
  ending: AbortSignal;
}

/** Opens a page, uses it for a while, and closes it, now and then in the middle of something. */
export async function visit({ browser, url, acts, life, random, ending }: Visit): Promise<void> {
  const { page } = await openPage(browser, url);
  life.visits++;
  try {
    await untilState(page, "connected", CONNECT_MS);
  } catch {
    const { state, reason } = await page.$eval("lighthouse-tunnel", ({ state, reason }) => ({
      state,
      reason,
    }));
    life.wrong.push(`a page did not connect: ${state} ${reason}`);
  }
  const leaving = performance.now() + between(STAY, random);
  while (performance.now() < leaving && !ending.aborted) {
    try {
      const deed = random();
      if (deed < 0.6) await acts.act(page);
      else if (deed < 0.8) await download(page);
      else await upload(page, 64 * 1024 + Math.floor(random() * DOWNLOAD));
      life.answered++;
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof WrongAnswer) life.wrong.push(message);
      else life.failed[message] = (life.failed[message] ?? 0) + 1;
      await sleep(500);
    }
    await sleep(random() * 300);
  }
  // Half of them go with a transfer under way.
  if (random() < 0.5) void fetchText(page, "/api/download?bytes=16777216").catch(() => {});
  await page.close();
}

/** An answer that a server would not have given. */
class WrongAnswer extends Error {}

/** Things to be done once each, and who knows that they are. */
export class Acts {
  readonly #done = new Map<string, number>();
  readonly #acknowledged = new Set<string>();
  #count = 0;

  readonly route: Route = async (request, response) => {
    const id = await text(request);
    this.#done.set(id, (this.#done.get(id) ?? 0) + 1);
    response.writeHead(204).end();
  };

  /** Has a page do one more. */
  async act(page: Page): Promise<void> {
    const id = String(this.#count++);
    const { status } = await ask(page, "/acts", { method: "POST", body: id });
    if (status !== 204) throw new Error(`status ${status}`);
    this.#acknowledged.add(id);
  }

  /** What is not as it must be. */
  faults(): string[] {
    const lost = [...this.#acknowledged].filter((id) => !this.#done.has(id));
    const twice = [...this.#done].filter(([, times]) => times > 1);
    return [
      ...lost.map((id) => `act ${id} was acknowledged, and not done`),
      ...twice.map(([id, times]) => `act ${id} was done ${times} times`),
    ];
  }
}

function ask(page: Page, path: string, init?: RequestInit) {
  return inPage(fetchText(page, path, init));
}

/** What comes of a script in a page; its error without the place in it, which puppeteer adds. */
function inPage<Result>(work: Promise<Result>): Promise<Result> {
  return work.catch((error: Error) => {
    throw new Error(error.message.split("\n")[0]);
  });
}

async function download(page: Page): Promise<void> {
  const hash = await ask(page, `/api/hash?bytes=${DOWNLOAD}`);
  if (hash.status !== 200) throw new Error(`status ${hash.status}`);
  const received = await inPage(page.evaluate(async (path) => {
    const response = await document.querySelector("lighthouse-tunnel")!.fetch(path);
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }, `/api/download?bytes=${DOWNLOAD}`));
  const { sha256 } = JSON.parse(hash.text);
  if (received !== sha256) throw new WrongAnswer(`a download's hash is ${received}, not ${sha256}`);
}

async function upload(page: Page, bytes: number): Promise<void> {
  const body = "0123456789abcdef".repeat(bytes / 16);
  const { status, text } = await ask(page, "/api/upload", { method: "POST", body });
  if (status !== 200) throw new Error(`status ${status}`);
  const sha256 = createHash("sha256").update(body).digest("hex");
  if (JSON.parse(text).sha256 !== sha256) throw new WrongAnswer(`an upload arrived as ${text}`);
}
