// Documents of a served folder in real browsers, opened through the service worker: their scripts run only
// if the owner says so.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { openWeb } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

const RUN = 'localStorage.setItem("ran", location.pathname)';
const XHTML = "http://www.w3.org/1999/xhtml";

/** Documents that run a script before they are loaded. */
const DOCUMENTS: Record<string, string> = {
  "inline.html": `<!doctype html><title>a</title><script>${RUN}</script>`,
  "linked.html": `<!doctype html><title>a</title><script src="run.js"></script>`,
  "handler.htm": `<!doctype html><title>a</title><img src="data:," onerror='${RUN}'>`,
  "picture.svg":
    `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>${RUN}</script></svg>`,
  "page.xhtml":
    `<html xmlns="${XHTML}"><head><title>a</title><script>${RUN}</script></head><body/></html>`,
  "data.xml": `<a><script xmlns="${XHTML}">${RUN}</script></a>`,
};

const folder = temporaryFolder();
for (const [name, text] of Object.entries({ ...DOCUMENTS, "run.js": RUN })) {
  await writeFile(join(folder, name), text);
}

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`folder in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let site: Page;
  const hostFlags = ["--service", `/files=${folder}`, "--service", `/app=${folder} scripts`];

  withBridge(test, { browser: name, hostFlags }, async (running) => {
    ({ bridge, browser } = running);
    ({ page: site } = await openWeb(browser, `${bridge.page.url}web.html`));
  });

  /** Where a script ran when a document was opened in a frame of the site and in a tab. */
  async function ranAt(path: string): Promise<{ inFrame: string | null; inTab: string | null }> {
    const take = () =>
      site.evaluate(() => {
        const ran = localStorage.getItem("ran");
        localStorage.removeItem("ran");
        return ran;
      });
    await take();
    await site.evaluate(async (path) => {
      const frame = document.createElement("iframe");
      frame.src = `./local${path}`;
      await new Promise((loaded) => {
        frame.onload = loaded;
        document.body.append(frame);
      });
      // An event handler may run right after it.
      await new Promise((done) => setTimeout(done, 100));
      frame.remove();
    }, path);
    const inFrame = await take();
    const tab = await browser.newPage();
    const response = await tab.goto(new URL(`./local${path}`, bridge.page.url).href);
    assert.is(response!.status(), 200);
    await new Promise((done) => setTimeout(done, 100));
    await tab.close();
    return { inFrame, inTab: await take() };
  }

  for (const document of Object.keys(DOCUMENTS)) {
    test(`${document} of a folder runs no script, and with the option it does`, async () => {
      assert.equal(await ranAt(`/files/${document}`), { inFrame: null, inTab: null });
      const path = new URL(`./local/app/${document}`, bridge.page.url).pathname;
      assert.equal(await ranAt(`/app/${document}`), { inFrame: path, inTab: path });
    });
  }

  test("a picture of a folder shows on the site, SVG too", async () => {
    const width = await site.evaluate(async () => {
      const image = new Image();
      image.src = "./local/files/picture.svg";
      await image.decode();
      return image.naturalWidth;
    });
    assert.is(width, 9);
  });

  test.run();
}
