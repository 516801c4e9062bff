// Makes the sources in bundles smaller where a minifier cannot know that it may.
import { readFile } from "node:fs/promises";
import { type Plugin, transform } from "esbuild";

/**
 * Methods of simple-peer's class that nobody calls here, where each peer offers, and has a data channel and
 * no media: for media, for answers, for candidates that come one by one, and for writing as to a stream. `addStream`
 * stays: without it, the check of the floor takes a call for one of WebRTC's own method.
 */
const UNUSED_METHODS = [
  "address",
  "addTransceiver",
  "addTrack",
  "replaceTrack",
  "removeTrack",
  "removeStream",
  "_addIceCandidate",
  "_createAnswer",
  "_onFinish",
  "_onInterval",
  "_onTrack",
  "_requestMissingTransceivers",
  "_write",
  "_debug",
];

/** Leaves out the methods of simple-peer that nobody calls, and the calls for its log. */
export const leanPeer: Plugin = {
  name: "lean-peer",
  setup(build) {
    build.onLoad({ filter: /\/node_modules\/simple-peer\/index\.js$/ }, async ({ path }) => {
      return { contents: withoutUnused(await readFile(path, "utf8")), loader: "js" };
    });
  },
};

/**
 * The source of simple-peer without what nobody calls.
 *
 * @throws {Error} If a method is not there: another version needs another look.
 */
export function withoutUnused(source: string): string {
  // Statements of their own, over one line or more.
  let lean = source.replace(/^ +this\._debug\((?:'[^'\n]*'|[^'()]|\([^()]*\))*\)\n/gm, "");
  for (const name of UNUSED_METHODS) {
    const method = new RegExp(`^ {2}${name} \\(.*\\) \\{\\n(?:(?: {3}.*)?\\n)* {2}\\}\\n`, "m");
    if (!method.test(lean)) {
      throw new Error(`simple-peer has no method ${name}: see ${import.meta.url}`);
    }
    lean = lean.replace(method, "");
  }
  return lean;
}

/** Minifies the styles of Lit's elements: to the minifier of the scripts, they are texts. */
export const leanStyles: Plugin = {
  name: "lean-styles",
  setup(build) {
    build.onLoad({ filter: /\/components\/.*_styles\.ts$/ }, async ({ path }) => {
      return { contents: await withMinifiedStyles(await readFile(path, "utf8")), loader: "ts" };
    });
  },
};

async function withMinifiedStyles(source: string): Promise<string> {
  let lean = source;
  for (const [, styles] of source.matchAll(/\bcss`((?:[^`$\\]|\$(?!\{))*)`/g)) {
    const { code } = await transform(styles!, { loader: "css", minify: true, charset: "utf8" });
    lean = lean.replace(styles!, () => code.trim());
  }
  return lean;
}
