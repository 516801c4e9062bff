// Whom a backend sees: a client on its own machine (`as: local`), or a reverse proxy that names the
// page's site (`as: proxy`).
import { hash } from "node:crypto";
import { type HeaderField, ROOT } from "../../wire/mod.ts";
import { isUnder, type Principal, restOf } from "../access/principal.ts";
import { valuesOf } from "./headers.ts";

/** A service, and the worker of the page that asks for it. */
export interface Mount {
  /** The service's prefix: `/`, or such as `/notes`. */
  prefix: string;
  /** The backend's URL, whose path replaces the prefix. */
  backend: URL;
  /** The result of {@linkcode workerPrefixOf}. */
  workerPrefix: string | undefined;
  /** Whether the service's root is the site's, so that no path on the site has the service's prefix. */
  isRoot: boolean;
}

/**
 * Segments of letters, digits and a few signs. Apps put it into links, so it cannot name a host (`//`),
 * lead upwards or hold a slash or a control character in another spelling.
 */
const WORKER_PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))(?:[\w.~@+-]|%(?![01]|2[ef]|5c|7f)[\da-f]{2})+)*$/i;
const MAX_WORKER_PREFIX = 512;

/** `https://me.github.io`, `http://localhost:5173`, `http://[::1]:8080`. */
const ORIGIN = /^https?:\/\/[\w.[\]:-]+$/;

/**
 * The path under which the page's service worker serves the tunnel, without its final slash, such as
 * `/app/local`: the page's paths are this and the tunnel's. Empty for a worker at the site's root;
 * undefined for a request that no worker sent, and for a path that is not safe in links.
 */
export function workerPrefixOf(fields: HeaderField[]): string | undefined {
  const [prefix, ...others] = valuesOf(fields, "x-forwarded-prefix");
  if (prefix === undefined || others.length > 0 || prefix.length > MAX_WORKER_PREFIX) {
    return undefined;
  }
  return WORKER_PREFIX.test(prefix) ? prefix : undefined;
}

/** Whether the page's worker says that the site's root is the service's. A page can say so of any service. */
export function isRootOf(fields: HeaderField[], prefix: string): boolean {
  const roots = valuesOf(fields, ROOT);
  return roots.length === 1 && roots[0] === prefix;
}

/** The path of a service as the worker leads it, or in the tunnel if no worker asks: empty for the root. */
export function pathInTunnel(
  { prefix, workerPrefix = "" }: Pick<Mount, "prefix" | "workerPrefix">,
): string {
  return workerPrefix + (prefix === "/" ? "" : prefix);
}

/** The path of a service on the page's site, as its documents see it: empty for the root. */
export function pathOnSite(mount: Omit<Mount, "backend">): string {
  return mount.isRoot ? mount.workerPrefix ?? "" : pathInTunnel(mount);
}

/** The host, with its port, of a page's origin; undefined if that is no web site's. */
export function hostOf(origin: string): string | undefined {
  const url = ORIGIN.test(origin) ? URL.parse(origin) : null;
  return url?.origin === origin ? url.host : undefined;
}

/**
 * The page's headers for a backend that sees a client on its own machine: where Origin and Referer name
 * the page's site, they name the backend. Those of other sites stay, and the backend refuses them.
 *
 * @param origin The page's.
 */
export function asLocal(fields: HeaderField[], origin: string, mount: Mount): HeaderField[] {
  if (!ORIGIN.test(origin)) return fields;
  return fields.map((field) => {
    const [name, value] = field;
    if (!value.startsWith(origin)) return field;
    const lower = name.toLowerCase();
    if (lower === "origin" && value === origin) return [name, mount.backend.origin];
    if (lower !== "referer") return field;
    const path = value.slice(origin.length);
    return /^(?:\/|$)/.test(path) ? [name, localReferer(path, mount)] : field;
  });
}

/** The backend's own URL of the page at a path of the site; the backend's root if it has no such page. */
function localReferer(path: string, mount: Mount): string {
  const { origin, pathname } = mount.backend;
  const place = pathOnSite(mount) || "/";
  const isOwn = mount.workerPrefix !== undefined && isUnder(place, path);
  const own = pathname.replace(/\/$/, "") + (isOwn ? restOf(place, path) : "/");
  return origin + own.replace(/^(?!\/)/, "/");
}

/**
 * The headers by which a reverse proxy describes the page: RFC 7239, and the older X-Forwarded-*. They
 * name the site on which the device was paired, whatever the page says. A stranger's site is only
 * claimed, so no header names it.
 */
export function forwardedHeaders(
  { id, name, origin }: Principal,
  mount: Omit<Mount, "backend">,
): HeaderField[] {
  const host = name === undefined ? undefined : hostOf(origin);
  const proto = host && origin.startsWith("http:") ? "http" : "https";
  const address = addressOf(id);
  // Only a host that is no token is quoted: some parsers take quotes for a part of the value.
  const quoted = host && (/[^\w.-]/.test(host) ? `"${host}"` : host);
  const prefix = pathOnSite(mount);
  const fields: HeaderField[] = [
    ["Forwarded", `for=${address};proto=${proto}${quoted ? `;host=${quoted}` : ""}`],
    ["X-Forwarded-For", address],
    ["X-Forwarded-Proto", proto],
  ];
  if (host) fields.push(["X-Forwarded-Host", host]);
  if (prefix) fields.push(["X-Forwarded-Prefix", prefix]);
  return fields;
}

/**
 * An address that stands for a principal, always the same: behind NATs a real one means nothing. It is
 * of 100.64.0.0/10 (RFC 6598), the range of carriers' NATs: no machine of the owner's has such an
 * address, and apps that trust private networks do not trust it.
 */
function addressOf(id: string): string {
  const bytes = hash("sha256", id, "buffer");
  return `100.${64 + bytes[0]! % 64}.${bytes[1]}.${bytes[2]}`;
}
