// Measures the cost of sealing in a connect: two steps of the page in Chromium and two of the host in
// Node.js, added up.
import { CHROMIUM_OFFER } from "../../host/testing/offers.ts";
import { fromBase64url, openOffer, rawPublicKey, toBase64url } from "../../wire/mod.ts";
import { startPage } from "../local/page.ts";
import { BenchPage } from "./bench_page.ts";
import type { SealingPage, SealingSettings } from "./page/sealing.ts";

/**
 * Returns the times for sealing and opening an offer and its answer, in milliseconds, `count` of them.
 */
export async function sealingTimes(count: number): Promise<number[]> {
  const host = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, [
    "deriveBits",
  ]);
  await using site = await startPage({ relay: () => "" });
  const settings = { hostKey: toBase64url(await rawPublicKey(host)), sdp: CHROMIUM_OFFER };
  await using page = await BenchPage.open<SealingSettings>({
    url: `${site.url}bench`,
    script: "sealing.ts",
    settings,
  });
  const { tab } = page;
  const key = await tab.evaluate(
    (settings) => (globalThis as unknown as SealingPage).start(settings),
    settings,
  );
  const device = fromBase64url(key);

  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const sealed = await tab.evaluate(() => (globalThis as unknown as SealingPage).seal());
    const started = performance.now();
    const opened = await openOffer(sealed.signal, { host, device });
    const { signal } = await opened.sealAnswer({ sdp: CHROMIUM_OFFER, time: Date.now() });
    const atHost = performance.now() - started;
    const atPage = await tab.evaluate(
      (signal) => (globalThis as unknown as SealingPage).open(signal),
      signal,
    );
    times.push(sealed.time + atHost + atPage);
  }
  return times;
}
