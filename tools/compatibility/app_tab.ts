// A browser's tab that shows a real app: the app itself, or a site in app mode with the app in its frame.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ElementHandle, EvaluateFunc, Frame, Page } from "puppeteer-core";
import { openPopup } from "../e2e/popup.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";

/** Where an app is shown. */
export interface AppTabOptions {
  page: Page;
  /** The URL of the app's root in the tab, with a slash at its end. */
  base: string;
  /** Whether the tab's own page is the shell of app mode, with the app in a frame. */
  isFramed: boolean;
}

/** How long an app may take to show what is waited for. */
const PATIENCE_MS = 30_000;

/** A tab that shows an app. Paths are relative to the app's root, without a slash at their start. */
export class AppTab {
  readonly page: Page;
  readonly base: string;
  readonly #isFramed: boolean;

  constructor({ page, base, isFramed }: AppTabOptions) {
    this.page = page;
    this.base = base;
    this.#isFramed = isFramed;
    // Some apps ask whether one wants to leave.
    page.on("dialog", (dialog) => void dialog.accept());
  }

  /** Opens a URL of the app as a bookmark does. */
  async open(path: string): Promise<void> {
    await this.page.goto(this.base + path);
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }

  /** The path that the address bar shows, relative to the app's root. */
  get path(): string {
    return this.page.url().slice(this.base.length);
  }

  /** The app's frame as soon as there is one. @throws {Error} If there is none, with what the page shows. */
  async frame(): Promise<Frame> {
    if (!this.#isFramed) return this.page.mainFrame();
    const { origin } = new URL(this.base);
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(50)) {
      const frame = this.page.mainFrame().childFrames().find((each) =>
        each.url().startsWith(origin)
      );
      if (frame) return frame;
    }
    const shown = await this.page.evaluate(() => document.body.innerText);
    throw new Error(`There is no frame of the app: ${this.page.url()} shows "${shorten(shown)}"`);
  }

  /** Waits for an element of the app that one sees. */
  async see(selector: string): Promise<ElementHandle> {
    // A navigation of the tab or its frame ends a wait that has begun: it begins again.
    return await this.#patiently(
      `Cannot see ${selector}`,
      async (frame, timeout) => {
        // Puppeteer's own wait is by animation frames, which a window in the background has not.
        for (const end = performance.now() + timeout; performance.now() < end; await sleep(50)) {
          const element = await frame.$(selector);
          if (await element?.isVisible()) return element!;
        }
        throw new Error(`${selector} is not visible`);
      },
    );
  }

  /** Waits for a text of the app's page, without that of shadow trees. */
  async read(text: string): Promise<void> {
    await this.#patiently(`Cannot read "${text}"`, async (frame, timeout) => {
      await frame.waitForFunction(
        (text) => document.body?.innerText.includes(text),
        { timeout, polling: 100 },
        text,
      );
    });
  }

  /** Waits for an element, and clicks it. */
  async click(selector: string): Promise<void> {
    await this.#patiently(`Cannot click ${selector}`, async (frame, timeout) => {
      await (await frame.waitForSelector(selector, { visible: true, timeout }))!.click();
    });
  }

  /** Waits for a field, and types into it. */
  async type(selector: string, text: string): Promise<void> {
    await (await this.see(selector)).type(text);
  }

  /** Does something that opens another tab. @returns That tab. */
  async popup(act: () => Promise<void>): Promise<AppTab> {
    const page = await openPopup(this.page, act);
    return new AppTab({ page, base: this.base, isFramed: this.#isFramed });
  }

  /** Chooses a new file of so many bytes, `notes.bin`, in a field. */
  async choose(selector: string, bytes: number): Promise<void> {
    const file = await newFile("notes.bin", Buffer.alloc(bytes, "y"));
    const field = await this.#patiently(
      `Cannot find ${selector}`,
      async (frame, timeout) => (await frame.waitForSelector(selector, { timeout }))!,
    );
    await (field as ElementHandle<HTMLInputElement>).uploadFile(file);
  }

  /** Runs a function in the app's page. */
  async evaluate<Parameters extends unknown[], Run extends EvaluateFunc<Parameters>>(
    run: Run,
    ...parameters: Parameters
  ): Promise<Awaited<ReturnType<Run>>> {
    return await (await this.frame()).evaluate(run, ...parameters);
  }

  /** Does something with the app's frame until it succeeds, also where the frame is replaced meanwhile. */
  async #patiently<Result>(
    what: string,
    act: (frame: Frame, timeout: number) => Promise<Result>,
  ): Promise<Result> {
    const end = performance.now() + PATIENCE_MS;
    let frame = await this.frame();
    for (;;) {
      const left = end - performance.now();
      try {
        if (left > 0) return await act(frame, Math.max(left, 1));
      } catch (error) {
        if (/Waiting|timed? ?out/i.test(String(error))) break;
      }
      if (left <= 0) break;
      await sleep(100);
      frame = await this.frame();
    }
    const shown = await frame.evaluate(() => `${location.href} shows "${document.body?.innerText}"`)
      .catch(String);
    throw new Error(`${what}: ${shorten(shown)}`);
  }
}

/** Makes a file in a temporary folder. @returns Its path. */
export async function newFile(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

function shorten(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, 300);
}
