// The package as npm publishes it: packed, checked, installed and used.
import { execFile } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build as esbuild } from "esbuild";
import { publint } from "publint";
import type { Browser } from "puppeteer-core";
import * as assert from "uvu/assert";
import { launchBrowser } from "../e2e/browser.ts";
import { openExample } from "../e2e/example_page.ts";
import { judge } from "../e2e/shell_page.ts";
import { builtExample } from "../local/examples.ts";
import { KEY } from "../../stack/testing/host_key.ts";
import { type PulumiRun, runProgram } from "../../stack/testing/pulumi_process.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import manifest from "../../package.json" with { type: "json" };
import { INSTALL_FLAGS, installExamples, pack } from "./examples.ts";
import { formatElement } from "../reference_element.ts";
import { readElement } from "./manifest.ts";

const test = suite("package", { deadline: 120_000 });

const KiB = 1024;
const MODULES = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const CONSUMERS = fileURLToPath(new URL("./consumers/", import.meta.url));

/** Bounds of the package: some 10 % above what it has. */
const MOST = { packed: 960 * KiB, unpacked: 3_200 * KiB };

/** Most of what `npm install` brings into a web app: the package, and Lit with its builds and types. */
const MOST_INSTALLED = 6_200 * KiB;

/** The entry that is a program: it needs Pulumi's engine. */
const PROGRAM = "./pulumi/main";

/** Entries that are files to copy or to read, and no modules with types. */
const WITHOUT_TYPES = ["./worker", "./custom-elements.json", "./vscode.html-custom-data.json"];

const folder = temporaryFolder();
/** A web app that has installed the package, and nothing else. */
const app = join(folder, "app");
let tarball: string;
let examples: string;
let browser: Browser | undefined;
/** The output of each example's build. */
const outputs = new Map<string, Promise<string>>();

test.after(async () => await browser?.close());

test.before(async () => {
  tarball = await pack(folder);
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }));
  [examples] = await Promise.all([
    installExamples(tarball),
    run("npm", ["install", ...INSTALL_FLAGS, tarball], app),
  ]);
  await cp(installed("stack/template"), join(app, "template"), { recursive: true });
  await cp("examples/github/access", join(app, "access"), { recursive: true });
  await cp(join(CONSUMERS, "Page.vue"), join(examples, "vue/src/Page.vue"));
  await cp(join(CONSUMERS, "Page.svelte"), join(examples, "svelte/src/Page.svelte"));
  // Two at a time, beside the other tests.
  for (const [first, second] of [["react", "svelte"], ["vue", "sveltekit"]] as const) {
    const output = buildExample(first);
    outputs.set(first, output).set(second, output.then(() => buildExample(second)));
  }
  for (const output of outputs.values()) output.catch(() => {});
});

async function buildExample(name: string): Promise<string> {
  // Node.js warns where this and FORCE_COLOR are set, as SvelteKit does.
  return await run("npm", ["run", "build"], join(examples, name), { NO_COLOR: undefined });
}

/** Runs a program to its end. @returns Its output. @throws {Error} With its output, if it fails. */
async function run(program: string, args: string[], cwd: string, env = {}): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * KiB * KiB };
    const { stdout, stderr } = await promisify(execFile)(program, args, options);
    return stdout + stderr;
  } catch (error) {
    const { message, stdout } = error as Error & { stdout: string };
    throw new Error(`${message.slice(0, 2_000)}\n${stdout.slice(-4_000)}`);
  }
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

function sizeOf(files: string[]): number {
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}

const installed = (...path: string[]) => join(app, "node_modules", "lighthouse-tunnel", ...path);

test("docs/reference/element.md is what the manifest says", async () => {
  const page = readFileSync("docs/reference/element.md", "utf8");
  assert.is(page, formatElement(await readElement()));
});

test("it has what its entries name, its licences, and neither maps nor sources", () => {
  const files = filesIn(installed());
  const program = installed("stack/template/index.ts");
  assert.equal(files.filter((file) => /\.map$|(?<!\.d)\.ts$/.test(file)), [program]);
  for (const name of ["LICENSE", "host/dist/LICENSES.txt", "components/dist/LICENSES.txt"]) {
    assert.ok(files.includes(installed(name)), name);
  }
  assert.ok(statSync(tarball).size <= MOST.packed, `${statSync(tarball).size} bytes packed`);
  assert.ok(sizeOf(files) <= MOST.unpacked, `${sizeOf(files)} bytes unpacked`);
});

test("publint finds nothing", async () => {
  const buffer = new Uint8Array(readFileSync(tarball)).buffer;
  const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
  assert.equal(messages, []);
});

test("the types of each entry are found in every way of resolving them", async () => {
  const data = createPackageFromTarballData(new Uint8Array(readFileSync(tarball)));
  const result = await checkPackage(data, { excludeEntrypoints: WITHOUT_TYPES });
  // It is a package of modules: CommonJS takes them by require() since Node.js 22.12.
  const problems = result.types &&
    result.problems.filter(({ kind }) => kind !== "CJSResolvesToESM");
  assert.equal(problems, []);
});

test("a web app installs no native binary, and little", () => {
  const files = filesIn(join(app, "node_modules"));
  assert.equal(files.filter((file) => /\.(?:node|so|dylib|dll|gyp)$/.test(file)), []);
  assert.ok(sizeOf(files) <= MOST_INSTALLED, `${sizeOf(files)} bytes installed`);
});

test("both programs run, and the host installs WebRTC when it needs it", async () => {
  for (const name of ["lighthouse-tunnel", "lighthouse-host"]) {
    const output = await run(join(app, "node_modules/.bin", name), ["version"], app);
    assert.is(output.trim(), manifest.version);
  }
  const npx = await run(
    "npx",
    ["--yes", "--prefer-offline", "./lighthouse-tunnel.tgz", "version"],
    folder,
  );
  assert.is(npx.trim(), manifest.version);
  const cache = { XDG_CACHE_HOME: join(folder, "cache"), HOME: folder };
  const program = installed("host/dist/main.mjs");
  const prepare = () =>
    run(process.execPath, [program, "prepare"], folder, {
      ...cache,
      npm_config_cache: process.env.npm_config_cache ?? join(process.env.HOME!, ".npm"),
    });
  assert.match(await prepare(), /WebRTC is there[^]*Fetching node-datachannel/);
  assert.not.match(await prepare(), "Fetching");
});

test("Node.js imports each entry, and nothing is defined there", async () => {
  symlinkSync(join(MODULES, "@pulumi"), join(app, "node_modules/@pulumi"));
  const modules = Object.entries(manifest.exports)
    .filter(([path, target]) => typeof target !== "string" && path !== PROGRAM)
    .map(([path]) => path.replace(".", manifest.name));
  const program = `
    for (const name of ${JSON.stringify(modules)}) {
      const { LighthouseTunnel, Bridge } = await import(name);
      console.log(name, typeof (LighthouseTunnel ?? Bridge));
    }
    console.log(globalThis.customElements?.get("lighthouse-tunnel"));`;
  const output = await run(process.execPath, ["--input-type=module", "--eval", program], app);
  assert.equal(output.trim().split("\n"), [
    ...modules.map((name) => `${name} function`),
    "undefined",
  ]);
});

test("esbuild bundles the entries for browsers without a warning", async () => {
  const imports = ["", "/worker", "/lighthouse-tunnel.js"].map((entry) =>
    `import "lighthouse-tunnel${entry}";`
  );
  const unused = 'import { LighthouseTunnel } from "lighthouse-tunnel/element";';
  for (const contents of [...imports, unused]) {
    const { warnings, outputFiles } = await esbuild({
      stdin: { contents, resolveDir: app },
      bundle: true,
      format: "esm",
      platform: "browser",
      logLevel: "silent",
      write: false,
    });
    assert.equal(warnings, []);
    assert.is(outputFiles[0]!.contents.length < KiB, contents === unused);
  }
});

/** Ways of resolving modules. The first is Vite's, the second Node.js', and the last that of Pulumi's templates. */
const RESOLUTIONS = {
  bundler: { module: "ESNext", moduleResolution: "bundler" },
  nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
  node10: { module: "CommonJS", moduleResolution: "node10", ignoreDeprecations: "6.0" },
};

async function typeCheck(
  cwd: string,
  files: string[],
  resolution: keyof typeof RESOLUTIONS,
  more = {},
): Promise<void> {
  const config = join(cwd, `tsconfig.${resolution}.json`);
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    jsx: "react-jsx",
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
    ...RESOLUTIONS[resolution],
    ...more,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  await run("tsc", ["-p", config], cwd);
}

test("TypeScript checks a page without a framework, and nothing but the package is there", async () => {
  await cp(join(CONSUMERS, "page.ts"), join(app, "page.ts"));
  await typeCheck(app, ["page.ts"], "bundler");
  await typeCheck(app, ["page.ts"], "nodenext");
});

test("TypeScript checks a component of React", async () => {
  const folder = join(examples, "react");
  await cp(join(CONSUMERS, "react.tsx"), join(folder, "react.tsx"));
  await typeCheck(folder, ["react.tsx"], "bundler");
  await typeCheck(folder, ["react.tsx"], "nodenext");
});

test("TypeScript checks a Pulumi program, of modules and of CommonJS", async () => {
  await cp(join(CONSUMERS, "bridge.ts"), join(app, "bridge.ts"));
  // Pulumi's own declarations need those of Node.js.
  const more = { skipLibCheck: true, types: ["node"], typeRoots: [join(MODULES, "@types")] };
  const files = ["bridge.ts", "template/index.ts", "access/index.ts"];
  await typeCheck(app, files, "nodenext", more);
  await typeCheck(app, files, "node10", more);
});

test("the template's program makes the same as the repository's", async () => {
  const config = {
    "aws:region": "eu-central-1",
    "lighthouse:allowedOrigins": "https://you.github.io, http://localhost:5173",
    "lighthouse:email": "owner@example.com",
    "lighthouse:hostKeys": KEY,
    "lighthouse:registry": "relay",
  };
  const run = await runProgram(config, { folder: join(app, "template"), main: "index.ts" });
  assert.equal([run.code, run.complaints], [0, []]);
  const own = await runProgram(config);
  assert.equal(run.outputs, own.outputs);
  assert.equal(run.options, own.options);
  assert.equal(await describeResources(run), await describeResources(own));
});

test("the program for GitHub's roles prints the variables that the workflow reads", async () => {
  const config = {
    "aws:region": "eu-central-1",
    "lighthouse:repository": "you@1234/notes@5678",
  };
  const run = await runProgram(config, { folder: join(app, "access"), main: "index.ts" });
  assert.equal([run.code, run.complaints], [0, []]);
  const { variables, stateUrl, relayBoundary } = run.outputs as Record<string, string>;
  const role = "arn:aws:iam::123456789012:role/lighthouse-github";
  assert.equal(variables!.split("\n"), [
    "AWS_REGION=eu-central-1",
    `AWS_PREVIEW_ROLE=${role}-preview`,
    `AWS_DEPLOY_ROLE=${role}-deploy`,
    `PULUMI_BACKEND_URL=${stateUrl}`,
  ]);
  assert.is(stateUrl, "s3://lighthouse-github-state-1a2b3c4?region=eu-central-1");
  assert.is(
    relayBoundary,
    "arn:aws:iam::123456789012:policy/lighthouse-github-relay-boundary",
  );
  const workflow = readFileSync("examples/github/.github/workflows/stack.yml", "utf8");
  const read = [...workflow.matchAll(/vars\.(\w+)/g)].map(([, name]) => name!);
  const printed = variables!.split("\n").map((line) => line.split("=")[0]!);
  assert.equal([...new Set(read)].toSorted(), printed.toSorted());
});

/** A run's resources, with the relay's code in place of its path. */
async function describeResources({ mocks }: PulumiRun): Promise<unknown[]> {
  return await Promise.all(mocks.created.map(async ({ type, name, inputs }) => {
    if (!inputs.code) return { type, name, inputs };
    const { "main.mjs": relay } = await inputs.code.assets;
    return { type, name, inputs: { ...inputs, code: readFileSync(await relay.path, "utf8") } };
  }));
}

for (const name of ["react", "vue", "svelte", "sveltekit"]) {
  test(`the example of ${name} is checked and built without a warning`, async () => {
    const lines = (await outputs.get(name)!).split("\n").filter((line) => !line.startsWith(">"));
    const warnings = lines.filter((line) =>
      /warn|deprecat/i.test(line) && !/ 0 warnings/.test(line)
    );
    assert.equal(warnings, []);
  });
}

test("the page that SvelteKit renders on the server has the element, for the browser to define", async () => {
  await outputs.get("sveltekit");
  const page = readFileSync(join(examples, "sveltekit/build/index.html"), "utf8");
  assert.match(page, /<lighthouse-tunnel relay="wss:[^"]+"><\/lighthouse-tunnel>/);
});

for (const name of ["react", "vue", "svelte", "sveltekit"]) {
  test(`the page of ${name} is paired, and gets the backend's answer`, async () => {
    await outputs.get(name);
    browser ??= await launchBrowser("chromium", {
      // The pages name no STUN server, so they would ask the default one.
      args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
    });
    await using example = await openExample(browser, {
      ...builtExample(examples, name),
      // The browser resolves no other address than 127.0.0.1.
      quic: false,
    });
    const { page, troubles } = example;
    await page.locator("button:not(:disabled)").click();
    await page.waitForFunction(() => document.querySelector("pre")!.textContent !== "");
    assert.match(await page.$eval("pre", ({ textContent }) => textContent!), "Sample app");
    assert.is(await page.$eval("[role=status]", (status) => status.textContent), "Status 200");
    await judge(page);
    assert.equal(troubles, []);
  });
}

test.run();
