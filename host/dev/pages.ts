// The pages that `lighthouse-host dev` serves: the app as `lighthouse-host site` shows it, the element's
// file for pages of other servers, and a page for phones.
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { escapeHtml, formatAttributes } from "../site/html.ts";
import type { SiteFiles } from "../site/site_folder.ts";
import { composeSite } from "../site/write_site.ts";
import type { DevAnswer, DevRequest } from "./server.ts";

/** Options of {@linkcode DevPages}. */
export interface DevPagesOptions {
  /** The element's attributes on a page of an origin: `relay`, `host-key`, `stun`. */
  attributes: (origin: string) => Record<string, string>;
  /** The service at the site's root; null for a list of services. */
  service: string | null;
  /** The app's name. */
  name: string;
  /** The certificate that a device installs which is to trust this machine, in DER. @default none */
  authority?: Uint8Array;
}

/** The path of the app where the root has the page for phones. */
const APP = "/app/";

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** The element's file, for pages of any origin. */
const ELEMENT = "/lighthouse-tunnel.js";
const ELEMENT_FILE = new URL(`../../components/dist${ELEMENT}`, import.meta.url);
const SHARED = {
  "access-control-allow-origin": "*",
  "cross-origin-resource-policy": "cross-origin",
};

/** `npm run build` puts its files beside the bundle. */
const PHONE_FOLDER = new URL("phone_page/", import.meta.url);
const PHONE_FILES = ["phone.js", "phone.css"];

/** The pages. */
export class DevPages {
  readonly #options: DevPagesOptions;
  /** The sites by origin: each knows its own relay. */
  readonly #sites = new Map<string, Promise<SiteFiles>>();

  constructor(options: DevPagesOptions) {
    this.#options = options;
  }

  /** Answers a request for a file. */
  async answer({ origin, path, isNavigation }: DevRequest): Promise<DevAnswer> {
    const isPhone = origin.startsWith("https:");
    if (path === ELEMENT) return fileOf(path, await readFile(ELEMENT_FILE), SHARED);
    if (isPhone && !path.startsWith(APP)) return await this.#phone(origin, path);
    const root = isPhone ? APP : "/";
    this.#sites.get(origin) ?? this.#sites.set(origin, this.#compose(new URL(root, origin)));
    const files = await this.#sites.get(origin)!;
    const name = path.slice(root.length);
    const found = files.get(name || "index.html");
    if (found) return fileOf(name || "index.html", found);
    // An address of the app, before the service worker runs.
    return isNavigation ? fileOf("index.html", files.get("index.html")!) : MISSING;
  }

  async #phone(origin: string, path: string): Promise<DevAnswer> {
    const { authority, attributes, name } = this.#options;
    const file = path.slice(1);
    if (path === "/lighthouse-dev.crt" && authority) {
      return { status: 200, type: "application/x-x509-ca-cert", body: authority };
    }
    if (PHONE_FILES.includes(file)) {
      return fileOf(file, await readFile(new URL(file, PHONE_FOLDER)));
    }
    if (path !== "/") return MISSING;
    const page = await readFile(new URL("index.html", PHONE_FOLDER), "utf8");
    const values = attributes(origin);
    const body = page.replaceAll("{name}", () => escapeHtml(name))
      .replace("{attributes}", () => formatAttributes(values));
    return {
      ...fileOf("index.html", body),
      headers: { "content-security-policy": policy(values) },
    };
  }

  async #compose(page: URL): Promise<SiteFiles> {
    const { attributes, service, name } = this.#options;
    const options = { page, attributes: attributes(page.origin), service, name };
    return (await composeSite(options)).files;
  }
}

const MISSING: DevAnswer = {
  status: 404,
  type: "text/plain; charset=utf-8",
  body: "Not found\n",
};

function fileOf(
  name: string,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
): DevAnswer {
  return { status: 200, type: TYPES[extname(name)] ?? "application/octet-stream", body, headers };
}

/** The Content-Security-Policy of the page for phones. */
function policy({ relay = "" }: Record<string, string>): string {
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " +
    `worker-src 'self'; connect-src 'self' ${new URL(relay).origin} https:; base-uri 'none'; ` +
    "form-action 'none'; frame-ancestors 'none'";
}
