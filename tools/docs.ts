// The docs site.
//
//     npm run docs               serves it, and reloads what changes
//     npm run docs -- build      writes it into docs/.vitepress/dist
//     npm run docs -- preview    serves what build has written
//
// `--port PORT` names the port of a server. The variable DOCS_BASE is the site's path: docs/.vitepress/config.ts.
import process from "node:process";
import { parseArgs } from "node:util";
import { build, createServer, serve } from "vitepress";
import { build as buildBundles } from "./build.ts";

const ROOT = "docs";

const { values: { port: text }, positionals: [command = "dev"] } = parseArgs({
  options: { port: { type: "string" } },
  allowPositionals: true,
});
const port = text === undefined ? undefined : Number(text);
if (command === "dev") {
  await buildBundles();
  const server = await createServer(ROOT, { port });
  await server.listen();
  server.printUrls();
} else if (command === "build") {
  await buildBundles();
  await build(ROOT);
} else if (command === "preview") {
  await serve({ root: ROOT, port, base: process.env.DOCS_BASE });
} else {
  console.error(`Unknown command ${command}: use dev, build or preview`);
  process.exitCode = 2;
}
