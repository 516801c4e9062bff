// Keeps the bundles that seal nothing free of HPKE.
import type { Plugin } from "esbuild";

/**
 * The packages @hpke/* declare that their modules have no side effects in a package.json above the one
 * that esbuild reads. Without this plugin, the service worker, which seals nothing, contains parts of
 * them.
 */
export const pureHpke: Plugin = {
  name: "pure-hpke",
  setup(build) {
    build.onResolve({ filter: /^@hpke\/|^\./ }, async ({ path, pluginData, ...args }) => {
      const isHpke = path.startsWith("@hpke/") || args.importer.includes("/node_modules/@hpke/");
      if (!isHpke || pluginData === pureHpke) return undefined;
      const { importer, resolveDir, kind } = args;
      const options = { importer, resolveDir, kind, pluginData: pureHpke };
      return { ...await build.resolve(path, options), sideEffects: false };
    });
  },
};
