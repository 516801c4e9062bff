// `lighthouse-host dev` as a developer meets it: the built program, real browsers, and a terminal.
import { X509Certificate } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { lanAddresses } from "../../host/dev/addresses.ts";
import { pairingsFolder, readPairings } from "../../host/access/pairings.ts";
import type { BrowserName } from "../browser.ts";
import { freePort, listen, type Listening } from "../testing/listen.ts";
import { run, type RunningProgram, start } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { codeLines, inTerminal, readCode, withoutColors } from "../testing/terminal.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { until } from "../testing/until.ts";
import { fetchText, launchBrowser, untilState } from "./browser.ts";
import { appOf, headingOf, judge } from "./shell_page.ts";

const APP = `<!doctype html><title>App</title><h1>My app</h1><p></p>
<script type="module">
  const answer = await fetch("/api/number");
  document.querySelector("p").textContent = await answer.text();
</script>`;

/** The developer's own backend. */
async function startBackend(): Promise<Listening> {
  return await listen(createServer((request, response) => {
    const isPage = request.url === "/";
    response.setHeader("content-type", isPage ? "text/html" : "text/plain");
    response.end(isPage ? APP : `${request.method} ${request.url}`);
  }));
}

/** A page of another server, whose markup is `body`. */
async function startPage(body: () => string): Promise<Listening> {
  return await listen(createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>Page</title><link rel="icon" href="data:,">${body()}`);
  }));
}

/** Runs `dev --json`, and waits until it is ready. */
async function startDev(...args: string[]) {
  const state = temporaryFolder();
  const program = start(["dev", "--json", "--port", "0", ...args], { LIGHTHOUSE_STATE: state });
  const next = async (event: string, count = 1) =>
    JSON.parse(await program.until(new RegExp(`"event":"${event}"`), count));
  const ready = await next("ready");
  const { link }: { link: string } = await next("link");
  return {
    program,
    next,
    ready,
    link,
    state,
    async [Symbol.asyncDispose]() {
      await program.end("SIGINT");
    },
  };
}

/** The text of the first paragraph of the app, once its script has asked. */
async function numberOf(page: Page): Promise<string> {
  const app = await appOf(page);
  assert.is(await headingOf(app), "My app");
  await app.waitForFunction(() => document.querySelector("p")?.textContent !== "");
  return await app.$eval("p", (paragraph) => paragraph.textContent!);
}

/** Whether this machine is in a network, which the tests of `--lan` need. */
const isInNetwork = lanAddresses(networkInterfaces()).length > 0;

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`dev in ${name}`, { deadline: 60_000 });
  const testLan = isInNetwork ? test : test.skip;
  let backend: Listening;
  let lan: Awaited<ReturnType<typeof startDev>> | undefined;
  let browser: Browser;
  let context: BrowserContext;

  test.before(async () => {
    backend = await startBackend();
    if (isInNetwork) {
      lan = await startDev(String(backend.port), "--lan");
      // The first is for this machine.
      lan.link = (await lan.next("link", 2)).link;
    }
    const userDataDir = temporaryFolder();
    if (name === "firefox" && lan) await addException(userDataDir, lan);
    browser = await launchBrowser(name, {
      acceptInsecureCerts: false,
      ...name === "firefox" && { userDataDir },
    });
  });
  test.before.each(async () => {
    context = await browser.createBrowserContext();
  });
  test.after.each(() => context.close());
  test.after(async () => {
    await browser.close();
    await lan?.[Symbol.asyncDispose]();
    await backend.close();
  });

  test("one link leads to the app, and each request is told", async () => {
    await using dev = await startDev(String(backend.port));
    const page = await context.newPage();
    await page.goto(dev.link);
    assert.is(await numberOf(page), "GET /api/number");
    const { method, path, status, bytes, device, ms } = await dev.next("request", 2);
    assert.equal([method, path, status, bytes], ["GET", "/api/number", 200, 15]);
    assert.type(ms, "number");
    assert.match(device, name === "firefox" ? "Firefox" : "Chrome");
    // The link is used; the browser stays paired.
    await page.goto(dev.ready.site);
    assert.is(await numberOf(page), "GET /api/number");

    const flags = ["--state", dev.ready.state];
    const { output } = await run(["devices", "--json", ...flags]);
    const [{ id, origin }] = JSON.parse(output).devices;
    assert.is(origin, new URL(dev.ready.site).origin);
    assert.is((await run(["status", ...flags])).code, 0);
    assert.is((await run(["revoke", id, ...flags])).code, 0);
    await untilState(page, "failed");
    const inspector = await fetch(dev.ready.inspector);
    assert.match(await inspector.text(), "inspector.js");
  });

  test("a folder with an index.html is an app, too", async () => {
    const folder = temporaryFolder();
    await mkdir(join(folder, "api"));
    await writeFile(join(folder, "index.html"), APP);
    await writeFile(join(folder, "api", "number"), "42");
    await using dev = await startDev(folder, "--service", `/api/other=${backend.port}`);
    const page = await context.newPage();
    await page.goto(dev.link);
    assert.is(await numberOf(page), "42");
    const app = await appOf(page);
    const other = await app.evaluate(async () => await (await fetch("/api/other/x")).text());
    assert.is(other, "GET /x", "another service is under the app's paths");
  });

  test("a page of another server needs two lines and a link; others are refused", async () => {
    let markup = "";
    await using own = await startPage(() => markup);
    await using other = await startPage(() => markup);
    const flags = ["--origin", `${own.url}/tools/page`];
    await using dev = await startDev(String(backend.port), ...flags);
    markup = (await dev.next("snippet")).html;
    assert.ok(dev.link.startsWith(`${own.url}/tools/page#`));
    const page = await context.newPage();
    await page.goto(dev.link);
    await untilState(page, "connected");
    assert.equal(await fetchText(page, "/api/a?b"), { status: 200, text: "GET /api/a?b" });

    const stranger = await context.newPage();
    await stranger.goto(other.url);
    await untilState(stranger, "failed");
  });

  testLan("in the network, one exception is enough to pair, and to ask", async () => {
    const page = await context.newPage();
    await visit(page, lan!.link, name);
    // Firefox takes the worker of such a site.
    if (name === "firefox") {
      assert.is(await numberOf(page), "GET /api/number");
      return;
    }
    await untilState(page, "connected");
    assert.is(new URL(page.url()).pathname, "/");
    assert.ok(await page.$("#trust:not([hidden])"));
    await page.$eval("#path", (input) => (input as HTMLInputElement).value = "/api/phone");
    await page.click("#ask button");
    await page.waitForSelector("#answer:not([hidden])");
    assert.is(await page.$eval("#answer", (answer) => answer.textContent), "GET /api/phone");
    assert.match(await page.$eval("#status", (status) => status.textContent!), /^200 OK/);
    await judge(page);
    const length = await page.evaluate(async () =>
      (await (await fetch("/lighthouse-dev.crt")).arrayBuffer()).byteLength
    );
    assert.ok(length > 300);

    // As if the certificate had been installed.
    const session = await browser.target().createCDPSession();
    await session.send("Security.setIgnoreCertificateErrors", { ignore: true });
    await page.reload();
    await page.waitForFunction(() => location.pathname === "/app/");
    assert.is(await numberOf(page), "GET /api/number");
  });

  test.run();
}

/** What Firefox writes for “Accept the Risk and Continue”. */
async function addException(
  profile: string,
  { link, state }: { link: string; state: string },
): Promise<void> {
  const pem = await readFile(join(state, "dev", "certificate.pem"), "utf8");
  const { fingerprint256 } = new X509Certificate(pem.split("-----BEGIN PRIVATE")[0]!);
  const { host } = new URL(link);
  const line = [`${host}:`, "OID.2.16.840.1.101.3.4.2.1", fingerprint256, ""].join("\t");
  await writeFile(join(profile, "cert_override.txt"), `${line}\n`);
}

/** Opens a page, and goes on from Chromium's warning as its user does. */
async function visit(page: Page, url: string, name: BrowserName): Promise<void> {
  if (name === "firefox") return void await page.goto(url);
  await page.goto(url).catch(() => {});
  await page.waitForSelector("#details-button");
  await page.click("#details-button");
  await Promise.all([page.waitForNavigation(), page.click("#proceed-link")]);
  await page.waitForSelector("lighthouse-tunnel:defined");
}

const test = suite("dev at a terminal", { deadline: 30_000 });
const testLan = isInNetwork ? test : test.skip;

/** Runs `dev` in a terminal. */
function startInTerminal(args: string[], [columns, rows] = [100, 40]) {
  const state = temporaryFolder();
  const environment = { LIGHTHOUSE_STATE: state, TERM: "xterm-256color" };
  const through = inTerminal(columns!, rows!);
  const program = start(["dev", ...args], environment, { through });
  const press = (keys: string) => program.child.stdin!.write(keys);
  const links = () =>
    program.lines.map(withoutColors).flatMap((line) => /http\S+#lighthouse=\d+/.exec(line) ?? []);
  return { program, press, links, state };
}

test("p gives another link, q ends it, and nothing is left", async () => {
  await using backend = await startBackend();
  for (const quit of ["q", "\x03"]) {
    const port = await freePort();
    const { program, press, links, state } = startInTerminal([
      String(backend.port),
      "--port",
      String(port),
    ]);
    await program.until(/p {2}another pairing link/);
    await until(() => links().length === 1);
    press("p");
    await until(() => links().length === 2);
    assert.is(new Set(links()).size, 2);
    assert.is(new URL(links()[0]!).port, String(port));
    press(quit);
    assert.is(await program.exited, 0);
    assert.is(await canConnect(port), false);
    const pairings = readPairings(pairingsFolder(join(state, "dev", String(port))));
    assert.is(pairings.filter(({ expires }) => expires > Date.now()).length, 0);
    assert.match(program.lines.join("\n"), "stopped");
  }
});

testLan("with --lan, a terminal of 80 × 24 ends with the code of the phone's link", async () => {
  const { program, press, links } = startInTerminal(["9", "--port", "0", "--lan"], [80, 24]);
  await until(() => codeLines(program.lines).length >= 22);
  const code = codeLines(program.lines);
  assert.ok(code.length <= 23);
  assert.match(links()[0]!, /^http:\/\/localhost/);
  assert.match(links()[1]!, /^https:/);
  assert.is(readCode(code), links()[1]);
  assert.is(program.lines.slice(-code.length).map(withoutColors).join(), code.join());
  press("q");
  assert.is(await program.exited, 0);
});

test("without a terminal there are no keys, and all is told by lines", async () => {
  const environment = { LIGHTHOUSE_STATE: temporaryFolder() };
  const program = start(["dev", "9", "--port", "0"], environment);
  await program.until(/http:\/\/localhost:\d+\/#lighthouse=\d+/);
  assert.match(program.lines.join("\n"), "http://localhost:9/ does not answer yet");
  for (const text of ["another pairing link", "\x1b"]) {
    assert.not.ok(program.lines.join("\n").includes(text));
  }
  assert.is((await program.end("SIGTERM")).code, 0);
});

test("when npx has been ended, the command ends, too", async () => {
  // As npx does: a shell between, which is killed.
  const through = ["sh", "-c", '"$@" & wait', "sh"];
  const environment = { LIGHTHOUSE_STATE: temporaryFolder(), npm_command: "exec" };
  const args = ["dev", "9", "--port", "0", "--json"];
  const program = start(args, environment, { through });
  const { site } = JSON.parse(await program.until(/"event":"ready"/));
  program.child.kill("SIGKILL");
  await program.until(/"event":"stopped"/);
  await until(async () => !await canConnect(Number(new URL(site).port)));
});

test("a port in use is named, and without --port the next free one is taken", async () => {
  await using other = await startBackend();
  const { code, errors } = await run(["dev", "9", "--port", String(other.port)]);
  assert.is(code, 2);
  assert.match(errors, `port ${other.port} is in use. Name another by --port`);

  const programs: RunningProgram[] = [];
  const ports = new Set<string>();
  for (const _ of [1, 2]) {
    const program = start(["dev", "9"], { LIGHTHOUSE_STATE: temporaryFolder() });
    programs.push(program);
    ports.add(new URL((await program.until(/#lighthouse=/)).trim().split(/\s+/).at(-1)!).port);
  }
  assert.is(ports.size, 2);
  assert.match(programs[1]!.lines.join(" "), /Port 4600 is in use, so this is 46\d\d/);
  for (const program of programs) assert.is((await program.end("SIGINT")).code, 0);
});

testLan("only this machine is served without --lan", async () => {
  await using dev = await startDev("9");
  for (const address of lanAddresses(networkInterfaces())) {
    assert.is(await canConnect(Number(new URL(dev.ready.site).port), address), false);
  }
});

test("the real host's settings do not count, right or wrong", async () => {
  const folder = temporaryFolder();
  await mkdir(join(folder, "lighthouse"));
  await writeFile(join(folder, "lighthouse", "config.json"), `{"relay": 5, "state": "/nowhere"`);
  const environment = {
    XDG_CONFIG_HOME: folder,
    LIGHTHOUSE_STATE: temporaryFolder(),
    LIGHTHOUSE_RELAY: "wss://real.example/prod",
    LIGHTHOUSE_BACKEND: "http://real.example",
    LIGHTHOUSE_REGISTRY: "s3",
  };
  const program = start(["dev", "9", "--port", "0", "--json"], environment);
  const { relay } = JSON.parse(await program.until(/"event":"ready"/));
  assert.match(relay, /^ws:\/\/localhost:\d+\/$/);
  assert.not.match(program.lines.join(), "real.example");
  assert.is((await program.end("SIGINT")).code, 0);
});

/** Whether somebody answers at a port. */
function canConnect(port: number, address = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

test.run();
