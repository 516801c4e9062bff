// The pages of a host's life: they connect, send requests, check the answers, and leave.
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "puppeteer-core";
import { fetchText, openPage, untilState } from "../e2e/browser.ts";
import type { Route } from "../local/backend_route.ts";
import { between } from "./between.ts";
import type { Life } from "./life_result.ts";

/** Length of a visit, in milliseconds. */
const STAY = { least: 3_000, most: 45_000 };

/** Deadline of a connect, in milliseconds, longer than any fault. */
const CONNECT_MS = 90_000;

const DOWNLOAD = 256 * 1024;

/** Options of {@linkcode visit}. */
export interface Visit {
  browser: Browser;
  url: string;
  acts: Acts;
  /** Records the visit's results. */
  life: Life;
  random: () => number;
  /** Ends the visit early. */
  ending: AbortSignal;
}

/** Opens a page, uses it for a while, and closes it, sometimes during a transfer. */
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
  // Half of the pages leave during a transfer.
  if (random() < 0.5) void fetchText(page, "/api/download?bytes=16777216").catch(() => {});
  await page.close();
}

/** A wrong answer. */
class WrongAnswer extends Error {}

/** Acts that must happen exactly once, with their acknowledgements. */
export class Acts {
  readonly #done = new Map<string, number>();
  readonly #acknowledged = new Set<string>();
  #count = 0;

  readonly route: Route = async (request, response) => {
    const id = await text(request);
    this.#done.set(id, (this.#done.get(id) ?? 0) + 1);
    response.writeHead(204).end();
  };

  /** Lets a page do one more act. */
  async act(page: Page): Promise<void> {
    const id = String(this.#count++);
    const { status } = await ask(page, "/acts", { method: "POST", body: id });
    if (status !== 204) throw new Error(`status ${status}`);
    this.#acknowledged.add(id);
  }

  /** Lists acts that were lost or done twice. */
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

/** Rethrows a page script's error without the location that puppeteer adds. */
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
