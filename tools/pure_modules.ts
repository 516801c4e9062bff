// Keeps out of each bundle the modules that it uses nothing of.
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const WIRE = fileURLToPath(new URL("../wire", import.meta.url));

/**
 * Tells esbuild that the modules of wire/ have no side effects. Without this plugin, the script in an app's
 * documents contains parts of sessions.
 */
export const pureModules: Plugin = {
  name: "pure-modules",
  setup(build) {
    build.onResolve({ filter: /^\./ }, async ({ path, pluginData, ...args }) => {
      const { importer, resolveDir, kind } = args;
      const isWire = dirname(join(resolveDir, path)).concat(sep).startsWith(WIRE + sep);
      if (!isWire || pluginData === pureModules) return undefined;
      const options = { importer, resolveDir, kind, pluginData: pureModules };
      return { ...await build.resolve(path, options), sideEffects: false };
    });
  },
};
