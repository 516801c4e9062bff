// The examples without a build, each opened once as a user does; and the Pulumi program, run under mocks.
// tools/package/package_test.ts opens those of the frameworks.
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import type { Browser } from "puppeteer-core";
import * as assert from "uvu/assert";
import { BRIDGE_RESOURCES, RecordingMocks, valueOf } from "../../stack/testing/mocks.ts";
import { staticExample } from "../local/examples.ts";
import { listen } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { launchBrowser } from "./browser.ts";
import { openExample } from "./example_page.ts";
import { judge } from "./shell_page.ts";

const test = suite("examples", { deadline: 60_000 });

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let browser: Browser;

test.before(async () => {
  browser = await launchBrowser();
});
test.after(() => browser.close());

test("the page asks the backend, and says what goes wrong", async () => {
  await using example = await openExample(browser, staticExample("page")!);
  const { page, troubles } = example;
  await page.$eval("input", (input) => input.value = "/api/notes");
  await page.click("form button");
  await page.waitForFunction(() => document.getElementById("answer")!.textContent!.startsWith("["));
  assert.is(await page.$eval("#status", ({ textContent }) => textContent), "Status 200");
  await page.$eval("input", (input) => input.value = "https://you.example/");
  await page.click("form button");
  await page.waitForFunction(() => /path/.test(document.getElementById("status")!.textContent!));
  await judge(page);
  assert.equal(troubles, []);
});

test("the chat lists models, streams an answer, and stops the model", async () => {
  await using model = await startModel();
  await using example = await openExample(browser, {
    ...staticExample("llm-chat")!,
    backend: model.url,
  });
  const { page, troubles } = example;
  await page.waitForSelector("#send:not(:disabled)");
  assert.equal(await page.$$eval("option", (all) => all.map(({ value }) => value)), [
    "small",
    "tall",
  ]);
  await page.type("#message", "Say hello");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() =>
    /complete/.test(document.getElementById("status")!.textContent!)
  );
  assert.equal(await page.$$eval("li", (all) => all.map(({ textContent }) => textContent)), [
    "Say hello",
    "Hello from the laptop",
  ]);
  await judge(page);

  await page.type("#message", "Go on for ever");
  await page.click("#send");
  await page.waitForFunction(() => document.querySelectorAll("li")[3]?.textContent === "Hello");
  await page.click("#stop");
  await page.waitForFunction(() => document.getElementById("status")!.textContent === "Stopped.");
  await model.isStopped;
  assert.ok(await page.$("#send:not(:disabled)"));
  assert.equal(troubles, []);
});

test("the gallery shows a folder's photos, and one of them large", async () => {
  const photos = staticExample("photo-folder")!;
  const names = JSON.parse(await readFile(join(photos.backend!, "photos.json"), "utf8"));
  await using example = await openExample(browser, photos);
  const { page, troubles } = example;
  await page.waitForFunction(
    (count) =>
      [...document.querySelectorAll<HTMLImageElement>("li img")]
        .filter(({ complete, naturalWidth }) => complete && naturalWidth > 0).length === count,
    {},
    names.length,
  );
  assert.is(await page.$eval("#status", ({ textContent }) => textContent), "6 photos");
  await judge(page);
  await page.click("li:nth-child(3) button");
  await page.waitForFunction(() =>
    document.querySelector<HTMLImageElement>("#large")!.naturalWidth > 0
  );
  assert.is(await page.$eval("#caption", ({ textContent }) => textContent), "harbour at night");
  await judge(page);
  assert.equal(troubles, []);
});

test("list-photos.mjs lists photos of folders below, too, in the order of their numbers", async () => {
  const folder = temporaryFolder();
  const picture = join(ROOT, "examples/photo-folder/photos/beach.svg");
  await mkdir(join(folder, "day 2"));
  for (const name of ["10.svg", "9.svg", "day 2/1.SVG", "notes.txt"]) {
    await cp(picture, join(folder, name));
  }
  const script = join(ROOT, "examples/photo-folder/list-photos.mjs");
  await promisify(execFile)(process.execPath, [script, folder]);
  const list = JSON.parse(await readFile(join(folder, "photos.json"), "utf8"));
  assert.equal(list, ["9.svg", "10.svg", "day 2/1.SVG"]);
});

test("the Pulumi program is checked, and makes one bridge", async () => {
  // As npm would install it, with this package and Pulumi's among its modules.
  const folder = join(temporaryFolder(), "pulumi");
  const modules = join(folder, "node_modules");
  await cp(join(ROOT, "examples/pulumi"), folder, { recursive: true });
  await mkdir(modules);
  await symlink(ROOT, join(modules, "lighthouse-tunnel"));
  for (const name of ["@pulumi", "@types"]) {
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  }
  await promisify(execFile)(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder]);
  const mocks = new RecordingMocks();
  await pulumi.runtime.setMocks(mocks, "notes", "dev");
  const { relay, hostCommand } = await import(join(folder, "index.ts"));
  assert.match(await valueOf<string>(relay), /^wss:/);
  assert.match(
    await valueOf<string>(hostCommand),
    /run --relay wss:\S+ --function \S+ --region \S+ /,
  );
  assert.equal(mocks.count(), BRIDGE_RESOURCES);
});

/** A server with OpenAI's API: it answers in four parts, or after the first one never ends. */
async function startModel() {
  const stopped = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    if (request.url === "/v1/models") {
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ data: [{ id: "small" }, { id: "tall" }] }));
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    const { messages } = JSON.parse(body);
    response.setHeader("content-type", "text/event-stream");
    const isEndless = messages.at(-1).content.includes("for ever");
    for (const content of ["Hello", ...isEndless ? [] : [" from", " the", " laptop"]]) {
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
    }
    if (!isEndless) return response.end("data: [DONE]\n\n");
    response.on("close", () => stopped.resolve());
  });
  return Object.assign(await listen(server), { isStopped: stopped.promise });
}

test.run();
