// For end-to-end tests: a static server with a site in app mode, as GitHub Pages would serve it.
import type { WrittenSite } from "../../host/site/site_folder.ts";
import { type SiteOptions, writeSite } from "../../host/site/write_site.ts";
import { toBase64url } from "../../wire/mod.ts";
import { type Bridge, type BridgeOptions, startBridge } from "../local/bridge.ts";
import { type AskedRequest, startSiteServer } from "../local/site_server.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";

/** Options of {@linkcode startAppSite}. */
export interface AppSiteOptions extends BridgeOptions {
  /** The site's path. @default "/" */
  path?: string;
  /** The service's prefix to which the site's root leads. @default "/" */
  service?: string | null;
  /** @default "Test app" */
  name?: string;
  /** The site's host name, which leads to 127.0.0.1. @default "127.0.0.1" */
  hostname?: string;
  /** The page of the key's site (key_site.ts). @default the site keeps its own key */
  keySite?: string;
}

/** A bridge, and a site in app mode of its own origin. */
export interface AppSite extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` or `http://127.0.0.1:PORT/repo/`. */
  readonly url: string;
  readonly folder: string;
  readonly bridge: Bridge;
  /** What the static server was asked for, so that tests see leaks. */
  readonly asked: AskedRequest[];
  /** Writes the site anew, as its owner does. */
  write(changes: Partial<SiteOptions>): Promise<WrittenSite>;
}

/** Starts a bridge, and serves a site whose pages use it. The caller starts the host. */
export async function startAppSite(options: AppSiteOptions = {}): Promise<AppSite> {
  const { path = "/", service = "/", name = "Test app", isPublic = true, keySite } = options;
  const { hostname = "127.0.0.1" } = options;
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder();
  const asked: AppSite["asked"] = [];
  const { origin: served } = stack.use(
    await startSiteServer({ folder, path, onRequest: (request) => asked.push(request) }),
  );
  const origin = served.replace("127.0.0.1", hostname);
  const bridge = stack.use(
    await startBridge({
      propagation: 200,
      ...options,
      origins: [origin, ...options.origins ?? []],
    }),
  );
  const url = origin + path;
  const site: SiteOptions = {
    page: new URL(url),
    attributes: keySite !== undefined ? { "key-site": keySite } : {
      "relay": bridge.gateway.url,
      "stun": "none",
      "host-key": isPublic ? toBase64url(bridge.identity.publicKey) : undefined,
      "host": options.host,
    },
    service,
    name,
  };
  const write = (changes: Partial<SiteOptions>) => writeSite(folder, { ...site, ...changes });
  await write({});
  const parts = stack.move();
  return { url, folder, bridge, asked, write, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
