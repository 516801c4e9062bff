// The URLs of a site in app mode: what is the app's, and where the address bar, the frame and what was
// blocked lead.
import { parseUrl } from "../../wire/mod.ts";

/** The start page's path in the site's own folder. */
const START = "lighthouse/start";

/** The site, as its pages know it. */
export interface Site {
  /** The worker's scope: `https://me.github.io/` or `https://me.github.io/repo/`. */
  scope: URL;
  /** The service at the site's root, such as `/notes`; null if services keep their own paths. */
  service: string | null;
}

/** Whether a URL is the start page's in any case, whatever services there are. */
export function isStart({ scope }: Site, url: URL): boolean {
  return url.origin === scope.origin && url.pathname === scope.pathname + START;
}

/** Whether a URL is the start page's if no service is at the tunnel's root. */
export function isRoot({ scope, service }: Site, url: URL): boolean {
  return service === null && url.origin === scope.origin && url.pathname === scope.pathname;
}

/** The start page's URL. @param isRootTaken Whether the site's root is a service's. */
export function startUrl({ scope }: Site, isRootTaken: boolean): URL {
  return new URL(isRootTaken ? START : "", scope);
}

/** Whether a URL is in the site's scope, so that the worker answers requests for it. */
export function isInScope({ scope }: Site, url: URL): boolean {
  return url.origin === scope.origin && url.pathname.startsWith(scope.pathname);
}

/** Where the browser is to go in place of what the shell's policy has kept the frame from. */
export type Detour =
  /** Into the frame: the app took a path of the origin for its own. */
  | { to: "frame"; url: URL }
  /** To the top window: another site, which may refuse to be in a frame. */
  | { to: "top"; url: URL };

/**
 * Gives the way round.
 *
 * @param base The URL of the shown service's root: paths of the origin are paths from there.
 * @returns Undefined if there is none, such as for `javascript:`.
 */
export function detourOf(site: Site, base: URL, blocked: string): Detour | undefined {
  const url = parseUrl(blocked);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  if (url.origin !== site.scope.origin) return { to: "top", url };
  if (isInScope(site, url)) return { to: "frame", url };
  const path = base.pathname.slice(0, -1) + url.pathname;
  return { to: "frame", url: new URL(path + url.search + url.hash, site.scope.origin) };
}

/** The URL of the root of the service that has a URL. @param prefixes Of the services that are known. */
export function baseOf({ scope, service }: Site, url: URL, prefixes: string[]): URL {
  if (service !== null) return scope;
  const path = `/${url.pathname.slice(scope.pathname.length)}/`;
  const [prefix = ""] = prefixes.filter((each) => each !== "/" && path.startsWith(`${each}/`))
    .sort((one, other) => other.length - one.length);
  return new URL(scope.pathname + (prefix && `${prefix.slice(1)}/`), scope);
}

/** The URL on the site for a target in the tunnel. @returns Undefined if the site does not lead there. */
export function urlOfTarget({ scope, service }: Site, target: string): URL | undefined {
  const prefix = service === null || service === "/" ? "" : service;
  if (!target.startsWith(`${prefix}/`)) return undefined;
  return new URL(scope.pathname + target.slice(prefix.length + 1), scope);
}
