// The recipes of docs/recipes.md: each block is compiled with the real declarations of its libraries, and
// run in a real Chromium through a real tunnel. It must log what its comments say.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { installLocked } from "../compatibility/install.ts";
import { type RecipeBackend, startRecipeBackend } from "../recipes/backend.ts";
import { type Block, blocksOf, bundle, typeCheck, writeProject } from "../recipes/blocks.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { until } from "../testing/until.ts";
import { calm, openWeb } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

const test = suite("recipes", { deadline: 60_000 });

const packages = await installLocked("tools/recipes");
const backend: RecipeBackend = await startRecipeBackend(packages);
const blocks = blocksOf(await readFile("docs/recipes.md", "utf8"));
const project = join(temporaryFolder(), "project");
await writeProject(project, blocks, packages);
// The compiler takes seconds, in which the browser starts.
const complaints = typeCheck(project);

let page: Page;
let troubles: string[];
let modules: Map<Block, string>;

withBridge(test, { backend: backend.url }, async ({ bridge, browser, stack }) => {
  stack.use(backend);
  modules = await bundle(project, blocks);
  // This page has a worker, too. Its policy lets in scripts of its own files only.
  ({ page, troubles } = await openWeb(browser, `${bridge.page.url}web.html`));
  await page.setBypassCSP(true);
  await page.reload();
  await calm(page);
  troubles.length = 0;
});

/** Runs a module. @returns What it has logged, once that is as many lines as expected. */
async function run(text: string, lines: number): Promise<string[]> {
  const logged: string[] = [];
  const note = (message: { type(): string; text(): string }) => {
    if (message.type() === "log") logged.push(message.text());
  };
  page.on("console", note);
  await page.evaluate(async (text) => {
    await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  }, text);
  await until(() => logged.length >= lines);
  page.off("console", note);
  return logged;
}

test("the blocks compile with the declarations of their libraries", async () => {
  assert.is(await complaints, "");
});

for (const block of blocks.filter(({ logs }) => logs.length > 0)) {
  test(`${block.heading}: logs ${block.logs.join(", ")}`, async () => {
    assert.equal(await run(modules.get(block)!, block.logs.length), block.logs);
    // The page asks for the demo's pictures, and a recipe for a note that is missing.
    assert.equal(troubles.splice(0).filter((text) => !/status of 404/.test(text)), []);
  });
}

test("each token of a chat arrives before the model writes the next", async () => {
  const { next } = backend.hold();
  const reader = await page.evaluateHandle(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const response = await tunnel.fetch("/v1/chat/completions", { method: "POST", body: "{}" });
    return response.body!.getReader();
  });
  for (const token of ["Hello", " from", " the", " laptop"]) {
    const { value } = await reader.evaluate(async (reader) => {
      return { value: new TextDecoder().decode((await reader.read()).value) };
    });
    assert.match(value, new RegExp(`^data: .*"content":"${token}"`));
    next();
  }
});

test.run();
