// Builds the bundles with esbuild, and prints their sizes and that of the wire protocol.
//
//     npm run build
import { build as esbuild, type BuildOptions, type Plugin, stop } from "esbuild";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, parse, resolve } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { writeCommandDocs } from "./command_docs.ts";
import { embeddedScripts, scriptOptions } from "./embedded_scripts.ts";
import { BROWSERS, READABLE_IN } from "./floor/floor.ts";
import { leanPeer, leanStyles } from "./lean_sources.ts";
import { nativeLock } from "./native_lock.ts";
import { writeLicenses } from "./package/licenses.ts";
import { writeManifest } from "./package/manifest.ts";
import { writeTypes } from "./package/types.ts";
import { pureModules } from "./pure_modules.ts";
import { writeOwnersTable } from "./owners_table.ts";
import { writeReferenceDocs } from "./reference_docs.ts";

/** A bundle: its esbuild options and its size limit. */
interface Bundle {
  options: BuildOptions;
  outfile: string;
  /** Budget in bytes: of the minified file, or of its gzipped form if `gzip` is set. */
  budget?: { bytes: number; gzip: boolean };
  /** Whether to measure the bundle only, without writing it. */
  isMeasuredOnly?: boolean;
  /** Whether dynamic imports go into separate files beside it. */
  isSplit?: boolean;
}

const KiB = 1024;

/** Prefix of the chunks' names. */
const CHUNK = "chunk-";

/**
 * Modules that browsers' bundles have in place of others. simple-peer with Node's streams and buffers has
 * 30 KiB gzipped; with only the used parts, 4 KiB.
 */
const IN_BROWSERS = {
  "buffer": "./components/shims/buffer.ts",
  "debug": "./components/shims/debug.cjs",
  "err-code": "./components/shims/err_code.cjs",
  "queue-microtask": "./components/shims/queue_microtask.cjs",
  "randombytes": "./components/shims/randombytes.cjs",
  "readable-stream": "./components/shims/readable_stream.ts",
};

/** Leaves the decoder of QR codes to the shell's first scan: esbuild splits modules only, and no scripts. */
const detectorBeside: Plugin = {
  name: "detector-beside",
  setup(build) {
    build.onResolve({ filter: /\/code_detector\.ts$/ }, ({ kind }) => {
      return kind === "dynamic-import" ? { path: "./code_detector.js", external: true } : undefined;
    });
  },
};

/** Leaves a module to another bundle of the same folder. @param path The module's, as imports name it. */
function beside(path: RegExp, bundle: string): Plugin {
  return {
    name: "beside",
    setup(build) {
      build.onResolve({ filter: path }, () => ({ path: bundle, external: true }));
    },
  };
}

/** What projects with a bundler of their own import: readable, with one Lit for all of their elements. */
const ENTRY: BuildOptions = {
  platform: "browser",
  target: READABLE_IN,
  minify: false,
  external: ["lit"],
};

const bundles: Bundle[] = [
  {
    // Sessions, streams, carriers and frames: docs/wire.md up to "HTTP". The bounds on what a hostile
    // guest costs take 0.6 KiB; carriers that cost, and those in an offer, 0.5 KiB; several carriers on one
    // path 0.5 KiB; one over QUIC 0.5 KiB.
    outfile: "wire/session.js",
    isMeasuredOnly: true,
    budget: { bytes: 10.4 * KiB, gzip: true },
    options: { entryPoints: ["wire/session/session.ts"] },
  },
  {
    outfile: "relay/dist/main.mjs",
    // Forwards signals, and keeps strangers out. Registering hosts, whose keys it checks, takes 4.8 KiB.
    budget: { bytes: 19 * KiB, gzip: false },
    options: {
      entryPoints: ["relay/main.ts"],
      platform: "node",
      target: "node22",
    },
  },
  {
    outfile: "components/dist/lighthouse-tunnel.js",
    // What the page shows to the relay, and the forms of pairing links, take 0.8 KiB; the bounds of
    // sessions as much; the frame of a key's site 1.9 KiB; what a URL means, and sockets for libraries 0.4;
    // German 1.9 KiB, and pairing in the pill 1.3 KiB; the way through the relay 5 KiB, the cause of a way that
    // is not direct 5 KiB, first requests in the offer 2 KiB, TURN and candidates 1.5 KiB,
    // QUIC 2.5 KiB.
    budget: { bytes: 70 * KiB, gzip: true },
    options: {
      entryPoints: ["components/define.ts"],
      platform: "browser",
      target: READABLE_IN,
      alias: IN_BROWSERS,
    },
  },
  {
    outfile: "components/dist/element.js",
    options: { ...ENTRY, entryPoints: ["components/mod.ts"], alias: IN_BROWSERS },
  },
  {
    outfile: "components/dist/define.js",
    options: {
      ...ENTRY,
      entryPoints: ["components/define.ts"],
      plugins: [beside(/^\.\/mod\.ts$/, "./element.js")],
    },
  },
  {
    outfile: "stack/dist/mod.js",
    options: {
      entryPoints: ["stack/mod.ts"],
      platform: "node",
      target: "node22",
      minify: false,
      external: ["@pulumi/*"],
    },
  },
  {
    outfile: "stack/dist/main.js",
    options: {
      entryPoints: ["stack/main.ts"],
      platform: "node",
      target: "node22",
      minify: false,
      external: ["@pulumi/*"],
      plugins: [beside(/^\.\/bridge\.ts$/, "./mod.js")],
    },
  },
  {
    outfile: "components/dist/lighthouse-worker.js",
    // Requests by streams take some 6 KiB. The rest does what browsers leave to the worker: EventSources
    // that come back, and the form of HTTP Basic; 5 KiB decide where a request goes, and fit the app's
    // documents into the site. Some 15 KiB are the scripts for these documents, and 4 KiB the texts of the
    // worker's pages in two languages.
    budget: { bytes: 33 * KiB, gzip: true },
    options: {
      entryPoints: ["components/worker/service_worker.ts"],
      platform: "browser",
      // importScripts() loads no modules.
      format: "iife",
      target: BROWSERS,
    },
  },
  {
    // Runs in each document of an app, so it must be small: the leading tab speaks the wire for it.
    outfile: "components/inject.js",
    isMeasuredOnly: true,
    budget: { bytes: 10 * KiB, gzip: true },
    options: scriptOptions("components/inject/main.ts"),
  },
  {
    outfile: "components/dist/site/shell.js",
    // The element, and 9 KiB for the views around the app.
    budget: { bytes: 78.5 * KiB, gzip: true },
    options: {
      entryPoints: ["components/shell/main.ts"],
      platform: "browser",
      // Chromium compiles what a worker puts into its cache, but not as a module.
      format: "iife",
      target: READABLE_IN,
      alias: IN_BROWSERS,
    },
  },
  {
    outfile: "components/dist/site/code_detector.js",
    options: {
      entryPoints: ["components/shell/code_detector.ts"],
      platform: "browser",
      target: BROWSERS,
    },
  },
  {
    outfile: "components/dist/key/key.js",
    options: {
      entryPoints: ["components/key_frame/main.ts"],
      platform: "browser",
      target: READABLE_IN,
      alias: IN_BROWSERS,
    },
  },
  {
    outfile: "host/dist/main.mjs",
    isSplit: true,
    options: {
      entryPoints: ["host/main.ts"],
      platform: "node",
      target: "node22",
      // node-datachannel is native, so it comes from npm. The other two are optional parts of ws.
      external: ["node-datachannel", "bufferutil", "utf-8-validate"],
      // Its UMD build calls require() in a way that bundlers cannot resolve.
      alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
      banner: {
        // The AWS SDK, ws and send are CommonJS and call require() for Node's modules.
        js:
          'import { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
      },
    },
  },
  {
    // Deno runs it.
    outfile: "host/dist/quic_endpoint.js",
    options: { entryPoints: ["host/quic/endpoint.ts"], platform: "neutral", target: "esnext" },
  },
];

/** The files that bundles are written to, without the chunks beside them. */
export const OUTFILES = bundles.filter(({ isMeasuredOnly }) => !isMeasuredOnly)
  .map(({ outfile }) => outfile);

/** A built bundle's sizes in bytes. */
export interface BuiltBundle {
  outfile: string;
  minified: number;
  gzipped: number;
  /** Whether the bundle exceeds its budget. */
  over: boolean;
  /** The files that are in it, as paths from the root. */
  inputs: string[];
}

/** Builds all bundles. @throws esbuild's error, if a source has one. */
export async function build(): Promise<BuiltBundle[]> {
  try {
    const built = await Promise.all(bundles.map(buildOne));
    // Copies pages to the folders in which the bundle looks for them.
    for (const [room, page] of [["inspector", "inspector_page"], ["dev", "phone_page"]]) {
      for (const name of await readdir(`host/${room}/${page}`)) {
        await put(`host/dist/${page}/${name}`, await readFile(`host/${room}/${page}/${name}`));
      }
    }
    await copySiteFiles();
    for (const [name, text] of Object.entries(await nativeLock())) {
      await put(`host/dist/native/${name}`, Buffer.from(text));
    }
    return built;
  } finally {
    // Ends esbuild's process, which otherwise runs as long as this one.
    await stop();
  }
}

/**
 * Builds all bundles, and what else the package has: the element's manifest, the declarations, which take
 * longer than all bundles, and the licences.
 *
 * @throws esbuild's error, if a source has one.
 */
export async function buildPackage(): Promise<BuiltBundle[]> {
  const built = await build();
  await writeManifest();
  await writeTypes();
  await writeLicenses(inputsOf(built));
  return built;
}

/** Copies what `lighthouse-host site` writes to the folder in which its bundle looks for it. */
async function copySiteFiles(): Promise<void> {
  const folders = {
    app: "components/dist/site",
    key: "components/dist/key",
    icons: "host/site/files/icons",
    reset: "host/site/files/reset",
  };
  const target = "host/dist/site";
  for (const [name, folder] of Object.entries(folders)) {
    const files = (await readdir(folder)).filter((file) => !file.startsWith("."));
    for (const file of files) {
      await put(`${target}/${name}/${file}`, await readFile(`${folder}/${file}`));
    }
    // What an earlier build has left would become part of a site.
    for (const old of await readdir(`${target}/${name}`)) {
      if (!files.includes(old) && !old.startsWith(".")) {
        await rm(`${target}/${name}/${old}`, { force: true });
      }
    }
  }
  await put(`${target}/pages.yml`, await readFile("host/site/files/pages.yml"));
  const worker = "lighthouse-worker.js";
  await put(`${target}/${worker}`, await readFile(`components/dist/${worker}`));
}

async function buildOne(
  { options, outfile, budget, isMeasuredOnly = false, isSplit = false }: Bundle,
): Promise<BuiltBundle> {
  const { outputFiles, metafile } = await esbuild({
    bundle: true,
    format: "esm",
    minify: true,
    legalComments: "eof",
    logLevel: "warning",
    plugins: [pureModules, embeddedScripts, detectorBeside, leanPeer, leanStyles],
    ...options,
    ...isSplit ? splitTo(outfile) : { outfile },
    metafile: true,
    write: false,
  });
  const entry = outputFiles.find(({ path }) => path === resolve(outfile))!;
  if (!isMeasuredOnly) {
    // Writes the imported chunks first.
    for (const { path, contents } of outputFiles) {
      if (path !== entry.path) await put(path, contents);
    }
    await put(entry.path, entry.contents, outfile.startsWith("host/") ? 0o755 : 0o644);
  }
  await removeOldChunks(outfile, Object.keys(metafile.outputs));
  const bytes = entry.contents;
  const gzipped = gzipSync(bytes, { level: 9 }).length;
  const measured = budget?.gzip ? gzipped : bytes.length;
  const over = measured > (budget?.bytes ?? Infinity);
  return { outfile, minified: bytes.length, gzipped, over, inputs: Object.keys(metafile.inputs) };
}

/** Writes a changed file atomically: a program that starts meanwhile finds it whole. */
async function put(path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const old = await readFile(path).catch(() => undefined);
  if (old?.equals(bytes)) return;
  await mkdir(dirname(path), { recursive: true });
  const draft = `${dirname(path)}/.${basename(path)}.${process.pid}`;
  await writeFile(draft, bytes, { mode });
  await rename(draft, path);
}

function splitTo(outfile: string): BuildOptions {
  const { dir, name, ext } = parse(outfile);
  return {
    splitting: true,
    outdir: dir,
    entryNames: name,
    chunkNames: `${CHUNK}[hash]`,
    outExtension: { ".js": ext },
  };
}

/**
 * Removes chunks of earlier builds. Builds may run concurrently: the same source makes the same chunks.
 */
async function removeOldChunks(outfile: string, written: string[]): Promise<void> {
  const { dir } = parse(outfile);
  for (const name of await readdir(dir)) {
    const path = `${dir}/${name}`;
    if (name.startsWith(CHUNK) && !written.includes(path)) await rm(path, { force: true });
  }
}

/** The files in the bundles of each published folder. */
function inputsOf(built: BuiltBundle[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const { outfile, inputs } of built) {
    const [folder] = /^.*dist\b/.exec(outfile) ?? [];
    if (folder) folders.set(folder, [...folders.get(folder) ?? [], ...inputs]);
  }
  return folders;
}

if (import.meta.main) {
  const built = await buildPackage();
  await writeCommandDocs();
  await writeOwnersTable();
  await writeReferenceDocs();
  for (const { outfile, minified, gzipped, over } of built) {
    const sizes = `${(minified / KiB).toFixed(1)} KiB, ${(gzipped / KiB).toFixed(1)} KiB gzipped`;
    console.log(`${outfile.padEnd(38)} ${sizes}${over ? "  OVER BUDGET" : ""}`);
  }
  if (built.some(({ over }) => over)) process.exitCode = 1;
}
