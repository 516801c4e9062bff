// What a visitor sees in each state, in both languages: the pill, the page around an app, and the demo pages.
// A stand-in for the element shows the states; it connects to nothing.
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { STATES } from "../looks/states.ts";
import type { StandIn } from "../looks/pages/stand_in.ts";
import { startLooks } from "../looks/server.ts";
import { englishIn } from "../testing/english.ts";
import type { Listening } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { launchBrowser } from "./browser.ts";
import { judge } from "./shell_page.ts";

/** A visitor's first look, a loss, and each screen of the page around an app. */
const SHELL_STATES = [
  "not-paired",
  "pairing-expired",
  "signalling",
  "host-offline",
  "relay-unreachable",
  "host-key-changed",
  "link-of-other-host",
  "unsupported",
  "bad-config",
  "connected",
];
const DEMO_STATES = ["not-paired", "host-offline", "connected"];

/** What the demo's notes and services say, which come from the laptop. */
const FROM_LAPTOP = /Buy oil|A longer note|it has two|Films with a name/;

const DEVICE = "Chrome on Linux";

for (const name of ["chromium", "firefox"] as const) {
  const test = suite(`looks in ${name}`, { deadline: 60_000 });
  let server: Listening;
  let browser: Browser;
  let page: Page;

  test.before(async () => {
    [server, browser] = await Promise.all([startLooks(), launchBrowser(name)]);
    page = await browser.newPage();
    await page.setViewport({ width: 320, height: 640 });
    // A phone's reader of codes.
    await page.evaluateOnNewDocument(() => {
      Object.assign(globalThis, {
        BarcodeDetector: { getSupportedFormats: () => Promise.resolve(["qr_code"]) },
      });
    });
  });
  test.after(async () => {
    await browser.close();
    await server.close();
  });

  const show = async (state: string) => {
    await page.$eval("lighthouse-tunnel", async (tunnel, state) => {
      const standIn = tunnel as unknown as StandIn;
      standIn.show(state);
      await standIn.updateComplete;
      // What the page asks the stand-in for is there after that.
      await new Promise((resolve) => setTimeout(resolve, 50));
      const changes = document.getAnimations().filter((each) => each instanceof CSSTransition);
      await Promise.all(changes.map(({ finished }) => finished.catch(() => {})));
    }, state);
  };
  /** Looks at what is shown: for axe, for what is cut off, and for the language. */
  const look = async (language: "en" | "de") => {
    await judge(page);
    const { lang, text, width } = await page.evaluate(readPage);
    assert.is(lang, language);
    assert.ok(width <= 320, `it is ${width} pixels wide`);
    for (const line of text.filter((line) => !FROM_LAPTOP.test(line))) {
      assert.not.match(line, /[`{}]|undefined/);
      if (language === "de") assert.is(englishIn(line.replace(DEVICE, "")), undefined, line);
    }
  };
  const open = async (path: string, language: "en" | "de") => {
    await page.goto(`${server.url}${path}?lang=${language}`);
    await page.waitForSelector("lighthouse-tunnel:defined");
  };

  for (const language of ["en", "de"] as const) {
    test(`each state of the pill is said in ${language}`, async () => {
      await open("/pills", language);
      await page.waitForSelector("body[data-ready]");
      assert.ok((await page.$$("lighthouse-tunnel")).length > STATES.length);
      await look(language);
    });

    test(`each screen around an app is said in ${language}`, async () => {
      await open("/shell/", language);
      for (const state of SHELL_STATES) {
        await show(state);
        await look(language);
      }
      await page.click(".pill");
      await look(language);
    });

    test(`the demo pages say what is missing in ${language}`, async () => {
      await page.evaluateOnNewDocument((language) => {
        Object.defineProperty(Navigator.prototype, "languages", { get: () => [language] });
      }, language);
      for (const path of ["/demo/", "/demo/web.html"]) {
        await open(path, language);
        for (const state of DEMO_STATES) {
          await show(state);
          await look(language);
          const areOff = await page.$$eval(
            "main button",
            (buttons) =>
              buttons.filter((button) => button.checkVisibility()).map(({ disabled }) => disabled),
          );
          assert.ok(areOff.every((isOff) => isOff !== (state === "connected")), state);
        }
      }
    });
  }

  test("the pill follows the language of the page, and of the part that it is in", async () => {
    await open("/demo/", "de");
    await show("connected");
    const said = async (lang: string, on: "html" | "header") =>
      await page.evaluate(
        async (lang, on) => {
          document.querySelector(on)!.lang = lang;
          await Promise.resolve();
          const tunnel = document.querySelector("lighthouse-tunnel")!;
          await tunnel.updateComplete;
          return tunnel.shadowRoot!.querySelector("[part=state]")!.textContent;
        },
        lang,
        on,
      );
    assert.is(await said("de", "html"), "Verbunden");
    assert.is(await said("en-GB", "html"), "Connected");
    assert.is(await said("de-AT", "header"), "Verbunden");
  });

  test("a page's own texts replace the pill's: by a slot, a property or an attribute", async () => {
    await open("/pills", "en");
    const said = await page.evaluate(async () => {
      const { body } = document;
      body.innerHTML = `<lighthouse-tunnel texts='{"idle":"Hors ligne"}'></lighthouse-tunnel>
        <lighthouse-tunnel><b slot="idle">Pas connecté</b></lighthouse-tunnel>`;
      const [attribute, slot] = [...document.querySelectorAll("lighthouse-tunnel")];
      const property = document.createElement("lighthouse-tunnel");
      property.texts = { idle: "Débranché" };
      body.append(property);
      await property.updateComplete;
      const shadow = (tunnel: Element) =>
        tunnel.shadowRoot!.querySelector("[part=state]")!.textContent;
      const assigned = slot!.shadowRoot!.querySelector<HTMLSlotElement>("[part=state] slot")!;
      return [
        shadow(attribute!),
        assigned.assignedElements()[0]!.textContent,
        shadow(property),
      ];
    });
    assert.equal(said, ["Hors ligne", "Pas connecté", "Débranché"]);
  });

  test.run();
}

/** In the page: its language, its width, and all lines that it shows or says to a screen reader. */
function readPage() {
  const text: string[] = [];
  const visit = (node: Node) => {
    if (node instanceof Text && node.data.trim()) text.push(node.data.trim());
    if (node instanceof Element) {
      if (["CODE", "STYLE", "SCRIPT", "NOSCRIPT"].includes(node.tagName)) return;
      if (!node.checkVisibility() && node.localName !== "span") return;
      for (const name of ["aria-label", "title", "alt", "placeholder"]) {
        const label = node.getAttribute(name);
        if (label) text.push(label);
      }
      node.shadowRoot?.childNodes.forEach(visit);
    }
    node.childNodes.forEach(visit);
  };
  visit(document.body);
  const { documentElement } = document;
  return { lang: documentElement.lang, text, width: documentElement.scrollWidth };
}
