// The docs site.
//
//     npm run docs               serves it, and reloads what changes
//     npm run docs -- build      writes it into docs/.vitepress/dist
//     npm run docs -- preview    serves what build has written
import process from "node:process";
import { build, createServer, serve } from "vitepress";
import { build as buildBundles } from "./build.ts";

const ROOT = "docs";

const [command = "dev"] = process.argv.slice(2);
if (command === "preview") {
  await serve({ root: ROOT });
} else if (command === "dev") {
  await buildBundles();
  const server = await createServer(ROOT);
  await server.listen();
  server.printUrls();
} else if (command === "build") {
  await buildBundles();
  await build(ROOT);
} else {
  console.error(`Unknown command ${command}: use dev, build or preview`);
  process.exitCode = 2;
}
