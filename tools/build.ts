// Builds the three bundles with esbuild and prints their sizes.
//
//     npm run build
import { build as esbuild, type BuildOptions, stop } from "esbuild";
import { chmod, readFile } from "node:fs/promises";
import process from "node:process";
import { gzipSync } from "node:zlib";

/** One bundle: what esbuild makes of it, and the size that it must not exceed. */
interface Bundle {
  options: BuildOptions;
  outfile: string;
  /** Budget in bytes, of the minified file or, with `gzip`, of its gzipped form. */
  budget?: { bytes: number; gzip: boolean };
}

const KiB = 1024;

const bundles: Bundle[] = [
  {
    outfile: "relay/dist/main.mjs",
    budget: { bytes: 16 * KiB, gzip: false },
    options: {
      entryPoints: ["relay/main.ts"],
      platform: "node",
      target: "node22",
    },
  },
  {
    outfile: "components/dist/lighthouse-tunnel.js",
    budget: { bytes: 50 * KiB, gzip: true },
    options: {
      entryPoints: ["components/define.ts"],
      platform: "browser",
      target: ["chrome120", "firefox128", "safari17"],
      sourcemap: "linked",
    },
  },
  {
    outfile: "host/dist/main.mjs",
    options: {
      entryPoints: ["host/main.ts"],
      platform: "node",
      target: "node22",
      // Native, so it comes from npm; the other two are optional speed-ups that ws asks for.
      external: ["node-datachannel", "bufferutil", "utf-8-validate"],
      banner: {
        // The AWS SDK, ws and undici are CommonJS inside and call require() for Node's own modules.
        js:
          'import { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
      },
      sourcemap: "linked",
    },
  },
];

/** A built bundle's sizes in bytes. */
export interface BuiltBundle {
  outfile: string;
  minified: number;
  gzipped: number;
  /** Whether it is larger than its budget. */
  over: boolean;
}

/** Builds all bundles. @throws what esbuild throws when a source has an error. */
export async function build(): Promise<BuiltBundle[]> {
  try {
    return await Promise.all(bundles.map(buildOne));
  } finally {
    // esbuild's own process would stay as long as this one.
    await stop();
  }
}

async function buildOne({ options, outfile, budget }: Bundle): Promise<BuiltBundle> {
  await esbuild({
    bundle: true,
    format: "esm",
    minify: true,
    legalComments: "eof",
    logLevel: "warning",
    ...options,
    outfile,
  });
  if (outfile.startsWith("host/")) await chmod(outfile, 0o755);
  const bytes = await readFile(outfile);
  const gzipped = gzipSync(bytes, { level: 9 }).length;
  const measured = budget?.gzip ? gzipped : bytes.length;
  return { outfile, minified: bytes.length, gzipped, over: measured > (budget?.bytes ?? Infinity) };
}

if (import.meta.main) {
  const built = await build();
  for (const { outfile, minified, gzipped, over } of built) {
    const sizes = `${(minified / KiB).toFixed(1)} KiB, ${(gzipped / KiB).toFixed(1)} KiB gzipped`;
    console.log(`${outfile.padEnd(38)} ${sizes}${over ? "  OVER BUDGET" : ""}`);
  }
  if (built.some(({ over }) => over)) process.exitCode = 1;
}
