// Serves the pages that a visitor sees, with a stand-in for the element that shows any state.
import { build, type Plugin } from "esbuild";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { listen, type Listening } from "../testing/listen.ts";

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
};

/** The reader of codes is in a file of its own, which these pages do not need. */
const withoutDetector: Plugin = {
  name: "without-detector",
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/code_detector\.ts$/ }, ({ path }) => ({ path, external: true }));
  },
};

/**
 * Serves `/pills`, `/shell/` and the demo pages under `/demo/`, in the language of the query's `lang` or
 * that of the browser, in the direction of its `dir`.
 */
export async function startLooks(): Promise<Listening> {
  const { outputFiles } = await build({
    bundle: true,
    format: "esm",
    write: false,
    outdir: "/",
    logLevel: "warning",
    plugins: [withoutDetector],
    entryPoints: ["pills", "shell", "stand_in"].map((name) => `tools/looks/pages/${name}.ts`),
  });
  const scripts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  scripts.set("/demo/lighthouse-tunnel.js", scripts.get("/stand_in.js")!);

  async function find(pathname: string, query: URLSearchParams): Promise<string | Uint8Array> {
    const attributes = ["lang", "dir"].map((name) => {
      const value = query.get(name);
      return /^[a-z]+$/.test(value ?? "") ? ` ${name}="${value}"` : "";
    }).join("");
    if (pathname === "/pills") return pageOf(attributes, "Pills", "<main><h1>Pills</h1></main>");
    if (pathname === "/shell/") {
      return pageOf(attributes, "Shell", "<lighthouse-tunnel></lighthouse-tunnel>");
    }
    const [, name] = /^\/demo\/([\w.-]*)$/.exec(pathname) ?? [];
    return scripts.get(pathname) ?? await readFile(`docs/demo/${name || "index.html"}`);
  }

  return await listen(createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    try {
      const body = await find(pathname, searchParams);
      response.setHeader("content-type", TYPES[extname(pathname)] ?? TYPES[".html"]!);
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }));
}

function pageOf(attributes: string, title: string, body: string): string {
  return `<!doctype html>
<html${attributes}>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>body { font-family: system-ui; background: Canvas; color: CanvasText }</style>
${body}
<script type="module" src="/${title.toLowerCase()}.js"></script>
`;
}
