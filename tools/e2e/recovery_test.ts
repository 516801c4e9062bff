// What goes wrong in a day, and how the page comes out of it: gateway gone, host gone and back,
// host offline, a stale LAPTOP_ID.
import type { ServerResponse } from "node:http";
import type { Browser } from "puppeteer-core";
import * as assert from "uvu/assert";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { run as runCommand } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, launchBrowser, openConnected, openPage, untilState } from "./browser.ts";

const test = suite("recovery", { deadline: 60_000 });

let browser: Browser;
/** How often the backend was asked to do the thing that must not be done twice. */
let deeds = 0;
/** The backend's answers to what may be asked again, which the test gives. */
let questions: ServerResponse[] = [];

test.before(async () => {
  browser = await launchBrowser();
});
test.after(() => browser?.close());
test.before.each(() => {
  deeds = 0;
  questions = [];
});

async function newBridge(): Promise<Bridge> {
  return await startBridge({
    propagation: 200,
    quic: false,
    routes: {
      // Takes the request and never answers it.
      "POST /deed": () => {
        deeds++;
      },
      "GET /question": (_request, response) => {
        questions.push(response);
      },
    },
  });
}

test("requests go on when the gateway is stopped after connecting", async () => {
  await using bridge = await newBridge();
  await bridge.startHost().until("online");
  const { page } = await openConnected(browser, bridge.page.url);
  await bridge.stopGateway();
  for (let i = 0; i < 5; i++) assert.is((await fetchText(page, "/api/notes")).status, 200);
  assert.is(
    await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.state),
    "connected",
  );
  await page.close();
});

test("the host connects and registers again when the gateway is back", async () => {
  await using bridge = await newBridge();
  const host = bridge.startHost();
  await host.until("online");
  const seen = host.lines.length;
  await bridge.restartGateway();
  await host.until("online", seen);
  const { page } = await openConnected(browser, bridge.page.url);
  await page.close();
});

test("the page recovers without a reload when the host is killed and started again", async () => {
  await using bridge = await newBridge();
  const first = bridge.startHost();
  await first.until("online");
  const { page } = await openConnected(browser, bridge.page.url);
  await page.evaluate(() => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const codeOf = (error: Error) => [error.name, (error.cause as { code: string }).code];
    const outcomes = [
      tunnel.fetch("/deed", { method: "POST", body: "once" }).then(() => "done", codeOf),
      tunnel.fetch("/question").then((answer) => answer.text(), codeOf),
    ];
    Object.assign(globalThis, { outcomes, isSamePage: true });
  });
  await until(() => deeds > 0 && questions.length > 0);

  await first.stop("SIGKILL");
  const second = bridge.startHost();
  await second.until("online");
  // The one is repeated, the other must not be.
  await until(() => questions.length >= 2);
  questions[1]!.end("answered");
  const outcomes = await page.evaluate(() =>
    Promise.all((globalThis as unknown as { outcomes: unknown[] }).outcomes)
  );
  assert.equal(outcomes, [["TypeError", "session-lost"], "answered"]);
  await untilState(page, "connected", 30_000);
  assert.is((await fetchText(page, "/api/notes")).status, 200);
  assert.is(await page.evaluate(() => "isSamePage" in globalThis), true);
  assert.is(deeds, 1);
  await page.close();
});

test("a host that is stopped lets what is under way finish, and ends what does not", async () => {
  await using bridge = await newBridge();
  const host = bridge.startHost();
  await host.until("online");
  const { page } = await openConnected(browser, bridge.page.url);
  await page.evaluate(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const codeOf = (error: Error) => (error as Error & { code?: string }).code;
    const answers = await Promise.all(
      [6, 1000].map((lines) => tunnel.fetch(`/api/stream?lines=${lines}&interval=200`)),
    );
    const countLines = async ({ body }: Response) => {
      let lines = 0;
      for await (const bytes of body!) lines += bytes.filter((byte) => byte === 10).length;
      return lines;
    };
    const bodies = answers.map((answer) => countLines(answer).catch(codeOf));
    Object.assign(globalThis, { bodies });
  });
  const { output } = await runCommand(["status", "--json", "--state", bridge.state]);
  // The demo has asked for its notes besides.
  const { answered, underWay } = JSON.parse(output).requests;
  assert.ok(answered >= 2 && underWay >= 2, output);

  assert.is(await host.stop(), 0);
  const bodies = await page.evaluate(() =>
    Promise.all((globalThis as unknown as { bodies: unknown[] }).bodies)
  );
  assert.equal(bodies, [6, "session-lost"]);
  await page.close();
});

test("a request survives the connection that it was sent on", async () => {
  await using bridge = await newBridge();
  const host = bridge.startHost();
  await host.until("online");
  const { page } = await openPage(browser, bridge.page.url);
  await page.evaluateOnNewDocument(() => {
    const { createDataChannel } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.createDataChannel = function (...args) {
      const channel = createDataChannel.apply(this, args);
      Object.assign(globalThis, { channel });
      return channel;
    };
  });
  await page.reload();
  await page.waitForSelector("lighthouse-tunnel:defined");
  await untilState(page, "connected");
  await page.evaluate(() => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const answer = tunnel.fetch("/question").then((answer) => answer.text());
    Object.assign(globalThis, { answer });
  });
  await until(() => questions.length > 0);
  await page.evaluate(() => (globalThis as unknown as { channel: RTCDataChannel }).channel.close());
  await host.until("page-back");
  questions[0]!.end("answered");
  const answer = await page.evaluate(() => (globalThis as unknown as { answer: string }).answer);
  assert.is(answer, "answered");
  assert.is(questions.length, 1);
  await page.close();
});

test("a host that ends properly says goodbye, and the page knows at once", async () => {
  await using bridge = await newBridge();
  const host = bridge.startHost();
  await host.until("online");
  const { page } = await openConnected(browser, bridge.page.url);
  assert.is(await host.stop("SIGTERM"), 0);
  const reason = await untilState(page, "offline", 3_000);
  assert.match(reason, /host is offline/);
  await page.close();
});

test("a page that is closed says goodbye, and the host knows at once", async () => {
  await using bridge = await newBridge();
  const host = bridge.startHost();
  await host.until("online");
  const { page } = await openConnected(browser, bridge.page.url);
  await page.goto("about:blank");
  // By silence it would take the host 20 s.
  const left = host.until("page-left").then(() => "left");
  const late = new Promise((resolve) => setTimeout(resolve, 15_000, "late").unref());
  assert.is(await Promise.race([left, late]), "left");
  await page.close();
});

test("a page whose host is offline says so within 2 s, and connects when it is back", async () => {
  await using bridge = await newBridge();
  const { page } = await openPage(browser, bridge.page.url);
  const reason = await untilState(page, "offline", 2_000);
  assert.match(reason, /host is offline/);
  const error = await page.evaluate(() =>
    document.querySelector("lighthouse-tunnel")!.fetch("/api/notes")
      .catch((error) => [error.name, error.cause.code])
  );
  assert.equal(error, ["TypeError", "host-offline"]);
  const pill = await page.evaluate(() => {
    const root = document.querySelector("lighthouse-tunnel")!.shadowRoot!;
    return [
      root.querySelector("[role=status]")!.textContent,
      root.querySelector("button")!.textContent,
    ];
  });
  assert.match(pill[0]!, /Offline/);
  assert.match(pill[1]!, /Try again/);

  await bridge.startHost().until("online");
  await page.evaluate(() =>
    // It may have tried again by itself already.
    document.querySelector("lighthouse-tunnel")!.shadowRoot!.querySelector("button")?.click()
  );
  await untilState(page, "connected");
  await page.close();
});

test("a stale LAPTOP_ID is offline, and recovers when the host registers again", async () => {
  await using bridge = await newBridge();
  const { environment } = bridge.function;
  bridge.function.setEnvironment({ ...environment, LAPTOP_ID: "L0SM9cOFvHcCIhw=" }, {
    staleFor: 0,
  });
  const { page } = await openPage(browser, bridge.page.url);
  await untilState(page, "offline", 2_000);
  await bridge.startHost().until("online");
  await untilState(page, "connected", 30_000);
  await page.close();
});

test.run();
