// A hostile app in app mode, in real browsers: what its scripts reach in one-origin mode, where they share an
// origin with the key, and in two-origin mode, where they do not. docs/security.md, "Apps", says the same.
import type { Browser, Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import { pairingLink } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { launchBrowser } from "./browser.ts";
import { type Evil, prepare, ROUTES, SERVICES } from "./hostile_app.ts";
import { type IsolatedSite, startIsolatedSite } from "./key_site.ts";

for (const name of ["chromium", "firefox"] as const) {
  for (const origins of ["one", "two"] as const) testIn(name, origins);
}

function testIn(name: BrowserName, origins: "one" | "two"): void {
  const test = suite(`hostile app in ${origins}-origin mode in ${name}`, { deadline: 60_000 });
  const isIsolated = origins === "two";
  let site: AppSite;
  let browser: Browser;
  let tab: Page;
  /** The app's document, whose scripts are hostile. */
  let app: Frame;

  /** Waits until the shell shows the app. */
  async function shown(): Promise<Frame> {
    for (;;) {
      const found = tab.frames().find((each) =>
        each.parentFrame() === tab.mainFrame() && each.url() === site.url
      );
      if (await found?.$("#app").catch(() => null)) return found!;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const byWorker = (head: object | string) =>
    app.evaluate((head) => (globalThis as unknown as { evil: Evil }).evil.byWorker(head), head);
  const get = (target: string, headers: string[][] = []) => ({
    method: "GET",
    target,
    headers,
    body: false,
  });

  test.before(async () => {
    const options = { isPublic: false, service: "/evil", routes: ROUTES };
    site = isIsolated ? await startIsolatedSite(options) : await startAppSite(options);
    const { backend, state } = site.bridge;
    const host = site.bridge.startHost(
      SERVICES.flatMap((prefix) => ["--service", `${prefix}=${backend.url}`]),
    );
    browser = await launchBrowser(name);
    await host.until("online");
    tab = await browser.newPage();
    // The device may reach everything: only the origins are to keep the app from it.
    await tab.goto(await pairingLink(state, site.url));
    app = await shown();
    await app.evaluate(prepare);
  });
  test.after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  test("its own paths lead to its own service, whatever they are called", async () => {
    const statuses = await app.evaluate(async () => {
      const paths = ["/secret", "/bank/secret", "/evil/../bank/secret"];
      return await Promise.all(paths.map(async (path) => (await fetch(path)).status));
    });
    assert.equal(statuses, [200, 404, 404]);
  });

  if (isIsolated) {
    test("the key's database is not at its origin, and the frame that has it is closed to it", async () => {
      const seen = await app.evaluate(async () => {
        const frames = [...top!.document.querySelectorAll("iframe")];
        return {
          databases: await indexedDB.databases(),
          documents: frames.map(({ contentDocument }) => contentDocument !== null),
        };
      });
      assert.equal(seen, { databases: [], documents: [true, false] });
    });
  } else {
    test("it finds the key at its origin, and can use it, but not take it away", async () => {
      const outcome = await app.evaluate(async () => {
        const result = <T>(request: IDBRequest<T>) =>
          new Promise<T>((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
        const database = await result(indexedDB.open("lighthouse-tunnel"));
        const [record] = await result(
          database.transaction("devices").objectStore("devices").getAll(),
        );
        database.close();
        const take = (key: CryptoKey) =>
          crypto.subtle.exportKey("raw", key).catch(() => "no").then((text) => text);
        const { privateKey } = record.keys;
        return [
          privateKey.extractable,
          await crypto.subtle.exportKey("jwk", privateKey).then(() => "taken", () => "refused"),
          await take(record.tagKey),
        ];
      });
      assert.equal(outcome, [false, "refused", "no"]);
    });
  }

  const others = isIsolated ? ["no-access", "403"] : ["the secret", "the secret"];
  test(`the shell's element ${isIsolated ? "does not reach" : "reaches"} other services`, async () => {
    const seen = await app.evaluate(() => {
      const tunnel = top!.document.querySelector("lighthouse-tunnel")!;
      return Promise.all(["/bank/secret", "/evil/vault/secret"].map(async (path) => {
        try {
          const answer = await tunnel.fetch(path);
          if (answer.headers.has("set-cookie")) return "a cookie";
          return answer.ok ? await answer.text() : String(answer.status);
        } catch (error) {
          return ((error as Error).cause as { code: string }).code;
        }
      }));
    });
    assert.equal(seen, others);
  });

  test(`streams by the worker ${isIsolated ? "do not reach" : "reach"} other services`, async () => {
    const forged = [["lighthouse-service", "/bank"], ["Lighthouse-Service", "/evil/vault"]];
    const openings = [
      await byWorker(get("/bank/secret")),
      await byWorker(get("/evil/vault/secret")),
      await byWorker(get("/evil/secret")),
    ];
    const kinds = openings.map(({ code, status }) => code ?? status);
    assert.equal(kinds, isIsolated ? ["no-access", 403, 200] : [200, 200, 200]);
    if (!isIsolated) return;
    assert.is((await byWorker(get("/bank/secret", forged))).code, "no-access");
    assert.is((await byWorker(get("/evil/vault/secret", forged))).status, 403);
    assert.is((await byWorker("v=0\r\n")).code, "bad-request");
    const list = await byWorker(get("/.lighthouse/services"));
    assert.is(list.status, 200);
  });

  test("cookies of others: HttpOnly ones never, the rest only from one origin", async () => {
    const cookiesOf = async (document: string) => {
      const { code, headers } = await byWorker(
        get("/.lighthouse/cookies", [["lighthouse-from", document]]),
      );
      return code ?? headers!.find(([name]) => name === "lighthouse-cookies")?.[1];
    };
    assert.is(await cookiesOf("/bank/"), isIsolated ? "no-access" : "shown=1");
    assert.is(await cookiesOf("/evil/vault/"), isIsolated ? undefined : "shown=1");
    const lines = encodeURIComponent(JSON.stringify([["/bank/", "shown=2"]]));
    const setting = await byWorker(
      get("/.lighthouse/cookies", [["lighthouse-set-cookie", lines]]),
    );
    assert.is(setting.code, isIsolated ? "no-access" : undefined);
  });

  if (isIsolated) {
    test("a key's frame of its own gives it no more", async () => {
      const { keyUrl } = site as IsolatedSite;
      const open = (where: Frame, head: object | string) =>
        where.evaluate(
          (url, head) => (globalThis as unknown as { evil: Evil }).evil.byKeyFrame(url, head),
          keyUrl,
          head,
        );
      assert.is((await open(app, get("/evil/secret"))).code, "wrong-origin");
      // A tab of its own, such as a window that it has opened and filled.
      const own = tab.mainFrame();
      await own.evaluate(prepare);
      assert.is((await open(own, get("/bank/secret"))).code, "no-access");
      assert.is((await open(own, get("/evil/vault/secret"))).status, 403);
      assert.is((await open(own, get("/evil/secret"))).status, 200);
      assert.is((await open(own, "v=0\r\n")).code, "bad-request");
    });
  }

  test("no other worker takes the place of the site's", async () => {
    const outcomes = await app.evaluate(async () => {
      const blob = URL.createObjectURL(new Blob([""], { type: "text/javascript" }));
      const tries = [window, top!].flatMap(({ navigator: { serviceWorker } }) =>
        ["/worker.js", "/lighthouse/shell.js", blob, "data:text/javascript,"].map((script) =>
          serviceWorker.register(script).then(() => script, () => "refused")
        )
      );
      return await Promise.all(tries);
    });
    assert.equal(outcomes, outcomes.map(() => "refused"));
    const workers = await app.evaluate(async () => {
      const all = await top!.navigator.serviceWorker.getRegistrations();
      return all.map(({ active }) => active!.scriptURL);
    });
    assert.equal(workers, [`${site.url}sw.js`]);
  });

  test("what it puts in place of the site's stored files is not shown", async () => {
    await app.evaluate(async () => {
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const { url } of await cache.keys()) {
          const headers = { "content-type": /js$/.test(url) ? "text/javascript" : "text/html" };
          await cache.put(url, new Response("document.title = 'taken'", { headers }));
        }
      }
    });
    await tab.goto(site.url);
    app = await shown();
    assert.is.not(await tab.title(), "taken");
  });

  test("a worker that it takes away is back at the next visit", async () => {
    await app.evaluate(async () => {
      for (const each of await top!.navigator.serviceWorker.getRegistrations()) {
        await each.unregister();
      }
    });
    await tab.goto(site.url);
    app = await shown();
    const worker = await app.evaluate(() => top!.navigator.serviceWorker.controller?.scriptURL);
    assert.is(worker, `${site.url}sw.js`);
  });

  test("it can lead its tab elsewhere, and a page there gets no connection", async () => {
    const elsewhere = site.url.replace("127.0.0.1", "localhost");
    await app.evaluate((url) => {
      top!.location.href = url;
    }, elsewhere);
    await until(() => tab.url() === elsewhere);
    await tab.waitForSelector("lighthouse-tunnel:defined");
    await tab.waitForFunction(() => document.querySelector("lighthouse-tunnel")!.error);
    const code = await tab.evaluate(() => document.querySelector("lighthouse-tunnel")!.error!.code);
    assert.is(code, isIsolated ? "wrong-origin" : "not-paired");
  });

  test.run();
}
