// What the tests of the page around an app share.
import axe from "axe-core";
import type { Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";

/** What the shell shows in place of the app. */
const PANEL = "main > div:not([hidden])";

/** The frame with the app's document, once it has been loaded. */
export async function appOf(page: Page): Promise<Frame> {
  const element = await page.waitForSelector("main:not(.covered) iframe");
  const frame = (await element!.contentFrame())!;
  await frame.waitForFunction(() =>
    document.readyState === "complete" && document.URL !== "about:blank"
  );
  return frame;
}

/** The text of a document's heading. */
export async function headingOf(frame: Frame): Promise<string> {
  return await frame.$eval("h1", (heading) => heading.textContent!);
}

/** The text in place of the app. */
export async function panelOf(page: Page): Promise<string> {
  return await page.$eval(PANEL, (panel) => panel.textContent!.replaceAll(/\s+/g, " ").trim());
}

/** Resolves when there is such a text in place of the app. */
export async function untilPanel(page: Page, text: RegExp): Promise<void> {
  await page.waitForFunction(
    (selector, text) =>
      new RegExp(text, "s").test(document.querySelector(selector)?.textContent ?? ""),
    { polling: 20, timeout: 20_000 },
    PANEL,
    text.source.replaceAll(" ", "\\s+"),
  );
}

/** The name that screen readers read. */
export async function nameOf(page: Page, selector: string): Promise<string> {
  return await page.$eval(selector, (element) => element.getAttribute("aria-label")!);
}

/** The browser's id at the host. */
export async function deviceOf(page: Page): Promise<string> {
  return await page.$eval("lighthouse-tunnel", (tunnel) => tunnel.device!.id);
}

/** Presses the button with the text. */
export async function clickButton(page: Page, within: string, text: string): Promise<void> {
  await page.$$eval(`${within} button`, (buttons, text) => {
    const button = buttons.find((button) => button.textContent!.trim() === text);
    if (!button) throw new Error(`There is no button "${text}"`);
    button.click();
  }, text);
}

/**
 * Has axe look at a document with all of its rules: in the light, and in the dark where the browser can be
 * told to prefer that, as only Chromium can.
 */
export async function judge(document: Page | Frame): Promise<void> {
  const page = "page" in document ? document.page() : document;
  const prefer = async (value: string) =>
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }])
      .then(() => true, () => false);
  await document.evaluate(axe.source);
  const found: string[] = [];
  for (const scheme of ["dark", "light"]) {
    if (!await prefer(scheme) && scheme === "dark") continue;
    const violations = await document.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
      // Colours on their way to the other scheme are of neither.
      const transitions = globalThis.document.getAnimations()
        .filter((animation) => animation instanceof CSSTransition);
      await Promise.allSettled(transitions.map(({ finished }) => finished));
      const { violations } = await axe.run(globalThis.document, { iframes: false });
      return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
    });
    found.push(...violations.map((violation) => `${scheme}, ${violation}`));
  }
  assert.equal(found, []);
}
