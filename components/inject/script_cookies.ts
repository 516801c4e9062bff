// document.cookie: what the host's jar has for scripts, and what they have assigned since.

/** How long an assigned line counts that the host does not confirm, in milliseconds. */
const PENDING_MS = 5000;

/** What an assigned line does to `document.cookie` here. */
export interface CookieChange {
  name: string;
  /** Null removes the cookie. */
  value: string | null;
}

/** The document that a line is assigned in. */
export interface CookiePlace {
  hostname: string;
  /** As the app sees it. */
  pathname: string;
}

/**
 * Reads a line as https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-the-set-cookie-header-field
 * does.
 *
 * @returns Null for a line that changes nothing that this document sees.
 */
export function readLine(line: string, place: CookiePlace, now: number): CookieChange | null {
  // deno-lint-ignore no-control-regex -- control characters are what it refuses
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) return null;
  const [pair = "", ...attributes] = line.split(";");
  const [name, value] = split(pair);
  if (name === "" && value === "") return null;
  let isGone = false;
  let hasAge = false;
  for (const [key, given] of attributes.map(split)) {
    switch (key.toLowerCase() || given.toLowerCase()) {
      case "httponly":
        return null;
      case "max-age":
        if (!/^-?\d+$/.test(given)) break;
        hasAge = true;
        isGone = Number(given) <= 0;
        break;
      case "expires":
        if (!hasAge) isGone = Date.parse(given.replaceAll("-", " ")) <= now;
        break;
      case "path":
        if (given.startsWith("/") && !isPathIn(given, place.pathname)) return null;
        break;
      case "domain": {
        const domain = given.replace(/^\./, "").toLowerCase();
        if (domain && !`.${place.hostname}`.endsWith(`.${domain}`)) return null;
      }
    }
  }
  return { name, value: isGone ? null : value };
}

/** `document.cookie` of one document. */
export class ScriptCookies {
  #text: string;
  #pending: (CookieChange & { until: number })[] = [];
  readonly #now: () => number;

  /** @param text What it is now. @param now @default Date.now */
  constructor(text: string, now: () => number = Date.now) {
    this.#text = text;
    this.#now = now;
  }

  get text(): string {
    const now = this.#now();
    this.#pending = this.#pending.filter(({ until }) => until > now);
    return this.#pending.length > 0 ? format(this.#merged()) : this.#text;
  }

  /** Applies an assigned line until the host's word on it is there. */
  assign(line: string, place: CookiePlace): void {
    const now = this.#now();
    const change = readLine(line, place, now);
    if (!change) return;
    this.#pending = this.#pending.filter(({ name }) => name !== change.name);
    this.#pending.push({ ...change, until: now + PENDING_MS });
  }

  /** Takes the host's word. Lines that it does not know yet still count for some time. */
  hear(text: string): void {
    this.#text = text;
    const known = parse(text);
    this.#pending = this.#pending.filter(({ name, value }) => (known.get(name) ?? null) !== value);
  }

  #merged(): Map<string, string> {
    const all = parse(this.#text);
    for (const { name, value } of this.#pending) {
      if (value === null) all.delete(name);
      else all.set(name, value);
    }
    return all;
  }
}

/** Cookies of one name and different paths count as one, the first: scripts can hardly tell them apart. */
function parse(text: string): Map<string, string> {
  const all = new Map<string, string>();
  for (const pair of text.split("; ")) {
    const [name, value] = split(pair);
    if ((name || value) && !all.has(name)) all.set(name, value);
  }
  return all;
}

function format(all: Map<string, string>): string {
  return [...all].map(([name, value]) => name ? `${name}=${value}` : value).join("; ");
}

/** Name and value; a text without "=" is a value. */
function split(pair: string): [name: string, value: string] {
  const at = pair.indexOf("=");
  return [at < 0 ? "" : pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

/** RFC 6265 §5.1.4. */
function isPathIn(path: string, pathname: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
}
