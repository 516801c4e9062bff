// For end-to-end tests: a static server with a site in app mode, as GitHub Pages would serve it.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { writeSite } from "../../host/site/write_site.ts";
import { toBase64url } from "../../wire/mod.ts";
import { type Bridge, type BridgeOptions, startBridge } from "../local/bridge.ts";
import { listen } from "../testing/listen.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** Options of {@linkcode startAppSite}. */
export interface AppSiteOptions extends BridgeOptions {
  /** The site's path. @default "/" */
  path?: string;
  /** The service's prefix to which the site's root leads. @default "/" */
  service?: string | null;
  /** @default "Test app" */
  name?: string;
  /** The page of the key's site (key_site.ts). @default the site keeps its own key */
  keySite?: string;
}

/** A bridge, and a site in app mode of its own origin. */
export interface AppSite extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` or `http://127.0.0.1:PORT/repo/`. */
  readonly url: string;
  readonly folder: string;
  readonly bridge: Bridge;
  /** What the static server was asked for: method, path with query, and the body, so that tests see leaks. */
  readonly asked: { method: string; path: string; body: string }[];
}

/** Starts a bridge, and serves a site whose pages use it. The caller starts the host. */
export async function startAppSite(options: AppSiteOptions = {}): Promise<AppSite> {
  const { path = "/", service = "/", name = "Test app", isPublic = true, keySite } = options;
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder();
  const asked: AppSite["asked"] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url = "" } = request;
    asked.push({ method, path: url, body: Buffer.concat(chunks).toString() });
    const { pathname } = new URL(url, "http://static.invalid");
    const isInside = pathname.startsWith(path);
    const file = isInside ? pathname.slice(path.length).replace(/(^|\/)$/, "$1index.html") : "";
    const found = file && !file.includes("..")
      ? await readFile(join(folder, file)).catch(() => undefined)
      : undefined;
    const type = found ? TYPES[extname(file)] ?? "application/octet-stream" : TYPES[".html"]!;
    const missing = () => isInside ? readFile(join(folder, "404.html")) : "The static host: 404";
    const body = found ?? await missing();
    response.writeHead(found ? 200 : 404, { "content-type": type, "cache-control": "max-age=600" });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  const { url: origin } = stack.use(await listen(server));
  const bridge = stack.use(
    await startBridge({
      propagation: 200,
      ...options,
      origins: [origin, ...options.origins ?? []],
    }),
  );
  const url = origin + path;
  await writeSite(folder, {
    page: new URL(url),
    attributes: keySite !== undefined ? { "key-site": keySite } : {
      "relay": bridge.gateway.url,
      "stun": "none",
      "host-key": isPublic ? toBase64url(bridge.identity.publicKey) : undefined,
      "host": options.host,
    },
    service,
    name,
  });
  const parts = stack.move();
  return { url, folder, bridge, asked, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
