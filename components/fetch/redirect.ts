// Redirects, followed as fetch does (Fetch standard, "HTTP-redirect fetch").
import { isReading, type TunnelRequest } from "./fetch.ts";

/** Redirects that are followed for one request at most, as in the Fetch standard. */
export const MAX_REDIRECTS = 20;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Fields that describe a body, and go with it. */
const BODY_FIELDS = new Set([
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
]);

/**
 * The request that an answer redirects to, undefined where the answer is what the caller gets: it is no
 * redirect, names no place, or the request asked for `manual`.
 *
 * @param base What a relative Location starts from.
 * @throws {TypeError} when the request asked for `error`, or the redirect leads to another site.
 */
export function redirected(
  { request, body, canRepeat, signal, redirect }: TunnelRequest,
  { status, headers }: Pick<Response, "status" | "headers">,
  base: string,
): TunnelRequest | undefined {
  const place = headers.get("location");
  if (redirect === "manual" || !REDIRECTS.has(status) || place === null) return undefined;
  if (redirect === "error") {
    throw new TypeError(`Cannot fetch ${request.target}: it redirects to ${place}`);
  }
  const from = new URL(request.target, base);
  const url = URL.parse(place, from);
  if (url?.origin !== from.origin) {
    throw new TypeError(`Cannot follow the redirect to ${place}: it is another site's`);
  }
  const becomesGet = status === 303
    ? !isReading(request.method)
    : status <= 302 && request.method === "POST";
  const target = url.pathname + url.search;
  if (!becomesGet) return { request: { ...request, target }, body, canRepeat, signal, redirect };
  return {
    request: {
      method: "GET",
      target,
      headers: request.headers.filter(([name]) => !BODY_FIELDS.has(name.toLowerCase())),
    },
    body: () => Promise.resolve({ bytes: null }),
    canRepeat: true,
    signal,
    redirect,
  };
}
