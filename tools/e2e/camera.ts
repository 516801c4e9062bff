// A camera for pages in tests, and the codes in front of it.
import type { Page } from "puppeteer-core";
import qrcode from "qrcode-generator";

/** Gives the page a camera. Call it before the page is opened. */
export async function giveCamera(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    const canvas = document.createElement("canvas");
    Object.assign(globalThis, { canvas });
    // This machine has no camera, and only this call reaches for one.
    navigator.mediaDevices.getUserMedia = () => Promise.resolve(canvas.captureStream(10));
  });
}

/** Holds a code in front of the page's camera. */
export async function holdCode(page: Page, text: string): Promise<void> {
  const code = qrcode(0, "L");
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  // With the standard's margin of four.
  const places = Array.from({ length: size + 8 }, (_, at) => at - 4);
  const isInside = (at: number) => at >= 0 && at < size;
  const data = places.map((y) =>
    places.map((x) => isInside(x) && isInside(y) && code.isDark(y, x))
  );
  await page.evaluate((data) => {
    const { canvas, timer } = globalThis as unknown as {
      canvas: HTMLCanvasElement;
      timer?: number;
    };
    clearInterval(timer);
    const cell = 8;
    canvas.width = canvas.height = data.length * cell;
    const context = canvas.getContext("2d")!;
    const draw = () => {
      context.fillStyle = "white";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = "black";
      for (const [y, row] of data.entries()) {
        for (const [x, isDark] of row.entries()) {
          if (isDark) context.fillRect(x * cell, y * cell, cell, cell);
        }
      }
    };
    draw();
    // A picture that stays the same is sent once only.
    Object.assign(globalThis, { timer: setInterval(draw, 100) });
  }, data);
}
