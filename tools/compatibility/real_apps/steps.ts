// What steps of several apps share.
import { setTimeout as sleep } from "node:timers/promises";
import type { AppTab } from "../app_tab.ts";

const PATIENCE_MS = 20_000;

/**
 * Waits until an element of the app has a text.
 *
 * @param pattern Of the text, or of a field's value.
 * @throws {Error} If it does not, with the text that it has.
 */
export async function untilText(tab: AppTab, selector: string, pattern: RegExp): Promise<void> {
  let text: string | undefined;
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(100)) {
    // A navigation of the frame ends what is asked of it.
    text = await tab.evaluate((selector) => {
      const element = document.querySelector(selector);
      return (element as HTMLInputElement | null)?.value ?? element?.textContent ?? "";
    }, selector).catch(() => undefined);
    if (text !== undefined && pattern.test(text)) return;
  }
  throw new Error(`${selector} is "${text?.trim().slice(0, 200) ?? "not there"}"`);
}

/** Waits until a function is true in the app's page. @throws {Error} If it does not become so. */
export async function until(tab: AppTab, isTrue: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(100)) {
    if (await tab.evaluate(isTrue).catch(() => false)) return;
  }
  throw new Error(`This does not become true: ${isTrue}`);
}

/** Waits until the app's title has a pattern. @throws {Error} If it does not. */
export function untilTitle(tab: AppTab, pattern: RegExp): Promise<void> {
  return untilText(tab, "title", pattern);
}

/** Waits for the color of the heading, which the app's style sheet sets. @throws {Error} If it stays another. */
export async function seeStyle(tab: AppTab): Promise<void> {
  await tab.see("h1");
  await until(tab, () => getComputedStyle(document.querySelector("h1")!).color === "rgb(1, 2, 3)");
}
