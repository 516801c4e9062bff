// For end-to-end tests: a site in app mode whose key is at a site of another origin.
import { copyFile, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { type KeyApp, writeKeySite } from "../../host/site/key_site.ts";
import { toBase64url } from "../../wire/mod.ts";
import { listen } from "../testing/listen.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { type AppSite, type AppSiteOptions, startAppSite } from "./app_site.ts";

/** Options of {@linkcode startIsolatedSite}. */
export interface IsolatedSiteOptions extends AppSiteOptions {
  /** The prefix of the service that the key's site lets the app reach. @default the app's own */
  allowed?: string;
}

/** The app's site, and the key's. */
export interface IsolatedSite extends AppSite {
  /** `http://localhost:PORT/`: another site than the app's, so that browsers keep their storage apart. */
  readonly keyUrl: string;
  /** Writes the key's site anew. */
  writeKeys(apps: KeyApp[]): Promise<unknown>;
}

/** Starts a bridge and both sites. The caller starts the host. */
export async function startIsolatedSite(options: IsolatedSiteOptions = {}): Promise<IsolatedSite> {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder();
  const server = createServer(async (request, response) => {
    const name = request.url === "/" ? "index.html" : "key.js";
    const type = name === "key.js" ? "text/javascript" : "text/html; charset=utf-8";
    const body = await readFile(join(folder, name)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { "content-type": type });
    response.end(body);
  });
  const { port } = stack.use(await listen(server));
  const keyUrl = `http://localhost:${port}/`;
  const site = stack.use(
    await startAppSite({
      ...options,
      keySite: keyUrl,
      origins: [new URL(keyUrl).origin, ...options.origins ?? []],
    }),
  );
  const { bridge } = site;
  const writeKeys = (apps: KeyApp[]) =>
    writeKeySite(folder, {
      attributes: {
        "relay": bridge.gateway.url,
        "stun": "none",
        "host-key": toBase64url(bridge.identity.publicKey),
      },
      apps,
    });
  await writeKeys([{
    page: new URL(site.url),
    service: options.allowed ?? options.service ?? "/",
  }]);
  // A page with nothing but the element.
  await copyFile("components/dist/lighthouse-tunnel.js", join(site.folder, "tunnel.js"));
  const parts = stack.move();
  return { ...site, keyUrl, writeKeys, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
