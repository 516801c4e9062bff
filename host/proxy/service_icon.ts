// Finds the icon of a service, as browsers do: the one that its first page names, or /favicon.ico.
import type { HttpResponse } from "../../wire/mod.ts";
import { isUnder, type Principal, restOf } from "../access/principal.ts";
import type { FindService } from "./backend.ts";
import { valuesOf } from "./headers.ts";
import type { Service } from "./service.ts";
import { FOLDER } from "./static_files.ts";

/** Most characters of a page that are read, most redirects to it, and the limit for all, in milliseconds. */
const MAX_PAGE = 64 * 1024;
const MAX_REDIRECTS = 3;
const LIMIT_MS = 5_000;

/** Who asks: a stranger, so that no device's page says which icon others see. */
const NOBODY: Principal = { id: "icons", origin: "" };

/**
 * Finds the icon of a service.
 *
 * @param find Finds other services, to which the pages may lead.
 * @returns A path in the tunnel, within the service; null if there is no icon.
 */
export async function findIcon(service: Service, find: FindService): Promise<string | null> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const get = async (target: string): Promise<HttpResponse> => {
    const headers: [string, string][] = [["accept", "text/html,image/*,*/*;q=0.8"]];
    const request = { method: "GET", target, headers, body: null };
    return await service.handler(request, { signal, principal: NOBODY, find });
  };
  const root = service.prefix === "/" ? "" : service.prefix;
  const isOwn = (target: string) => find(target)?.prefix === service.prefix;
  try {
    let target = `${root}/`;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await get(target);
      const [location] = valuesOf(answer.headers, "location");
      if (location !== undefined && answer.status >= 300 && answer.status < 400) {
        await answer.body?.cancel();
        const url = URL.parse(location, FOLDER.origin + target);
        if (url?.origin !== FOLDER.origin || !isOwn(url.pathname)) break;
        target = url.pathname + url.search;
        continue;
      }
      const href = iconIn(await readPage(answer));
      const icon = href === undefined ? undefined : targetOf(href, target, service);
      if (icon !== undefined && isOwn(icon)) return icon;
      break;
    }
    const { status, headers, body } = await get(`${root}/favicon.ico`);
    await body?.cancel();
    const [type = ""] = valuesOf(headers, "content-type");
    return status === 200 && type.startsWith("image/") ? `${root}/favicon.ico` : null;
  } catch {
    // Such as a backend that is gone, or slow.
    return null;
  }
}

/** The beginning of a page; empty for other types. */
async function readPage({ headers, body }: HttpResponse): Promise<string> {
  const [type = ""] = valuesOf(headers, "content-type");
  let text = "";
  if (!body) return text;
  if (!type.startsWith("text/html")) {
    await body.cancel();
    return text;
  }
  // Leaving the loop cancels the body.
  for await (const part of body.pipeThrough(new TextDecoderStream() as TransformStream)) {
    text += part;
    if (text.length > MAX_PAGE || /<body\b/i.test(text)) break;
  }
  return text.slice(0, MAX_PAGE);
}

/** The href of the first icon that a page names. */
function iconIn(page: string): string | undefined {
  for (const [link] of page.matchAll(/<link\s[^<>]{1,2000}/gi)) {
    const rel = attribute(link, "rel")?.toLowerCase().split(/\s+/);
    if (rel?.includes("icon") || rel?.includes("apple-touch-icon")) return attribute(link, "href");
  }
  return undefined;
}

function attribute(tag: string, name: string): string | undefined {
  const pattern = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i");
  const [, double, single, bare] = pattern.exec(tag) ?? [];
  return (double ?? single ?? bare)?.replaceAll("&amp;", "&");
}

/** The path in the tunnel of a URL reference of a service's page; undefined if it leads elsewhere. */
function targetOf(href: string, page: string, { prefix, upstream }: Service): string | undefined {
  const base = upstream?.backend.url ?? FOLDER;
  const path = base.pathname.replace(/\/$/, "");
  const url = URL.parse(href, base.origin + path + restOf(prefix, page));
  if (url?.origin !== base.origin || !isUnder(path || "/", url.pathname)) return undefined;
  return (prefix === "/" ? "" : prefix) + url.pathname.slice(path.length) + url.search;
}
