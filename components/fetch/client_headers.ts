// The headers by which a browser describes itself and the page that asks. It adds them to a request after
// scripts and service workers have seen it, so a request through the tunnel gets them here.

/** The parts of a request that decide its headers. */
export interface ClientRequest {
  method: string;
  headers?: HeadersInit;
  mode: RequestMode | "websocket";
}

/** Options of {@linkcode clientHeaders}. */
export interface ClientOptions {
  /** The origin of the page that asks; `null` if that is opaque. @default What the headers say. */
  origin?: string;
  /** @default The platform's, if there is one. */
  navigator?: Partial<Pick<Navigator, "languages" | "userAgent">>;
}

/**
 * The headers of a request and those that the Fetch standard adds to them before they go to a server
 * (https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch): backends judge by them where a
 * request comes from, and which language to answer in. Of the Sec-Fetch headers
 * (https://www.w3.org/TR/fetch-metadata/), a request that changes nothing has none, and others only
 * -Site: all of them make the head of a small request half as long again.
 */
export function clientHeaders(
  { method, headers, mode }: ClientRequest,
  { origin, navigator = globalThis.navigator }: ClientOptions = {},
): Headers {
  const sent = new Headers(headers);
  const add = (name: string, value: string | undefined) => {
    if (value && !sent.has(name)) sent.set(name, value);
  };
  add("accept", "*/*");
  add("accept-language", navigator?.languages?.map(weighted).join());
  add("user-agent", navigator?.userAgent);
  if (mode === "websocket" || !isReading(method)) {
    if (origin !== undefined) sent.set("origin", origin);
    sent.set("sec-fetch-site", "same-origin");
  }
  return sent;
}

/** Whether a method only reads. For `fetch`, such requests have no body, and name no Origin. */
export function isReading(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** A language with its weight (RFC 9110 §12.4.2) as Chromium says it: 0.1 less for each place. */
function weighted(language: string, index: number): string {
  return index === 0 ? language : `${language};q=0.${Math.max(10 - index, 1)}`;
}
