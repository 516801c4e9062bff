// Sends forged offers, more than any relay lets through, and measures their effect on a paired page and
// on the host.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { toBase64url } from "../../wire/mod.ts";
import { launchBrowser, reconnect, untilState } from "../e2e/browser.ts";
import { type RecordingRelay, startRecordingRelay } from "../e2e/recording_relay.ts";
import { startBridge } from "../local/bridge.ts";
import { startPage } from "../local/page.ts";
import { pairingLink } from "../testing/program.ts";
import { costOf } from "./process_cost.ts";

/** Results of a flood. */
export interface Flood {
  /** Number of forged offers. */
  forged: number;
  /** Times of a paired page's connects before and during the flood, in milliseconds. */
  usual: number[];
  flooded: number[];
  /** The host's answers to forged offers, and all lines that it logged. */
  answers: number;
  lines: number;
  /** Growth of the host's memory during the flood, in bytes; undefined if unknown. */
  growth: number | undefined;
}

const A_SECOND = 1000;

/** Counted connects before the flood; earlier ones warm up. */
const USUAL = 10;
const WARM_UP = 5;

/** Sends forged offers, a thousand a second, straight to a host with one paired page. */
export async function runFlood(forged: number): Promise<Flood> {
  await using stack = new AsyncDisposableStack();
  const bridge = stack.use(await startBridge({ propagation: 200, isPublic: false }));
  const relay = stack.use(await startRecordingRelay(bridge));
  const site = stack.use(await startPage({ relay: () => relay.url, stun: "none" }));
  const host = bridge.startHost(["--relay", relay.url]);
  await host.until("online");
  const browser = await launchBrowser();
  stack.defer(() => browser.close());
  const page = await browser.newPage();
  await page.goto(await pairingLink(bridge.state, site.url));
  await untilState(page, "connected");

  const usual: number[] = [];
  for (let i = 0; i < WARM_UP + USUAL; i++) {
    const time = await reconnect(page);
    if (i >= WARM_UP) usual.push(time);
  }
  const before = costOf(host.pid)?.memory;
  let isOver = false;
  const flooding = flood(relay, forged).finally(() => isOver = true);
  const flooded: number[] = [];
  while (!isOver) {
    flooded.push(await reconnect(page));
    await sleep(200);
  }
  await flooding;
  const answers = relay.seen.filter(({ end, way, text }) =>
    end === "host" && way === "up" && text.includes("forged-")
  );
  const after = costOf(host.pid)?.memory;
  return {
    forged,
    usual,
    flooded,
    answers: answers.length,
    lines: host.lines.length,
    growth: before && after && after - before,
  };
}

/** Hands the offers to the host as the relay would. */
async function flood(relay: RecordingRelay, forged: number): Promise<void> {
  const { pass } = relay.seen.findLast(({ end, way }) => end === "host" && way === "down")!;
  const started = performance.now();
  for (let sent = 0; sent < forged;) {
    const due = Math.min(forged, (performance.now() - started) / 1000 * A_SECOND);
    while (sent < due) pass(forgedOffer(sent++));
    await sleep(5);
  }
}

/** An offer without a valid seal. */
function forgedOffer(number: number): string {
  const bytes = (count: number) => toBase64url(new Uint8Array(randomBytes(count)));
  const data = {
    type: "sealed-offer",
    v: 1,
    time: Date.now(),
    nonce: bytes(16),
    enc: toBase64url(Uint8Array.of(4, ...randomBytes(64))),
    ct: bytes(1000),
    tag: bytes(16),
  };
  return JSON.stringify({ from: `forged-${number}`, data });
}
