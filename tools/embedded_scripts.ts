// The scripts that run in the app's documents and workers: bundled, and given to the service worker's
// bundle as texts, so that worker and scripts are always of one version.
import { build, type BuildOptions, type Plugin } from "esbuild";
import { BROWSERS } from "./floor/floor.ts";
import { pureModules } from "./pure_modules.ts";

/** The scripts, by the module that gives the text of each. */
const SCRIPTS: Record<string, string> = {
  "lighthouse:inject": "components/inject/main.ts",
  "lighthouse:inject-worker": "components/inject/worker_main.ts",
};

/** The options of each script's bundle. @param entry Its entry, in components/inject. */
export function scriptOptions(entry: string): BuildOptions {
  return {
    entryPoints: [entry],
    bundle: true,
    platform: "browser",
    // A script of the document's own could be the next line, and nothing may leak into its scope.
    format: "iife",
    minify: true,
    legalComments: "eof",
    target: BROWSERS,
    plugins: [pureModules],
    // By its name, the script has its own text, for workers of Blobs.
    banner: { js: "(function lighthouse(){" },
    footer: { js: "})();" },
  };
}

/** Resolves `lighthouse:…` to a script's text. */
export const embeddedScripts: Plugin = {
  name: "embedded-scripts",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^lighthouse:/ }, ({ path }) => ({ path, namespace: "embedded" }));
    onLoad({ filter: /.*/, namespace: "embedded" }, async ({ path }) => {
      const { outputFiles } = await build({ ...scriptOptions(SCRIPTS[path]!), write: false });
      return { contents: outputFiles[0]!.text, loader: "text" };
    });
  },
};
