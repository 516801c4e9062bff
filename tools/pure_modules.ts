// Keeps out of each bundle the modules that it uses nothing of.
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const WIRE = fileURLToPath(new URL("../wire", import.meta.url));

/**
 * Tells esbuild which modules have no side effects: those of wire/, and the packages @hpke/*, which declare
 * it in a package.json above the one that esbuild reads. Without this plugin, the service worker, which
 * seals nothing, contains parts of HPKE, and the script in an app's documents parts of sessions.
 */
export const pureModules: Plugin = {
  name: "pure-modules",
  setup(build) {
    build.onResolve({ filter: /^@hpke\/|^\./ }, async ({ path, pluginData, ...args }) => {
      const { importer, resolveDir, kind } = args;
      const isHpke = path.startsWith("@hpke/") || importer.includes("/node_modules/@hpke/");
      const isWire = dirname(join(resolveDir, path)).concat(sep).startsWith(WIRE + sep);
      if (!(isHpke || isWire) || pluginData === pureModules) return undefined;
      const options = { importer, resolveDir, kind, pluginData: pureModules };
      return { ...await build.resolve(path, options), sideEffects: false };
    });
  },
};
