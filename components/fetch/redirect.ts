// Follows redirects as the platform's fetch does (https://fetch.spec.whatwg.org/#http-redirect-fetch).
import { parseUrl } from "../../wire/mod.ts";
import { isReading } from "./client_headers.ts";
import type { TunnelRequest } from "./request.ts";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Headers that a request loses when it becomes a GET: those of its body, and those that no GET has. */
const NOT_OF_GET = new Set([
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
  "origin",
  "sec-fetch-site",
]);

/**
 * Makes the request that a response redirects to.
 *
 * @returns Undefined if the caller gets the response itself: it is no redirect, names no location, or
 * the request asked for `manual`.
 * @throws {TypeError} If the request asked for `error`, or the redirect leads to another site.
 */
export function redirected(
  request: TunnelRequest,
  { status, headers }: Pick<Response, "status" | "headers">,
): TunnelRequest | undefined {
  const { head, redirect } = request;
  const location = headers.get("location");
  if (redirect === "manual" || !REDIRECTS.has(status) || location === null) return undefined;
  if (redirect === "error") {
    throw new TypeError(`Cannot fetch ${head.target}: it redirects to ${location}`);
  }
  const from = new URL(request.base + head.target);
  const url = parseUrl(location, from);
  if (url?.origin !== from.origin) {
    throw new TypeError(`Cannot follow the redirect to ${location}: it is another site's`);
  }
  const target = url.pathname + url.search;
  const becomesGet = status === 303
    ? !isReading(head.method)
    : status <= 302 && head.method === "POST";
  if (!becomesGet) return { ...request, head: { ...head, target } };
  return {
    ...request,
    head: {
      method: "GET",
      target,
      headers: head.headers.filter(([name]) => !NOT_OF_GET.has(name.toLowerCase())),
    },
    body: () => Promise.resolve({ bytes: null }),
    canRepeat: true,
  };
}
