// The cookies of pages: a page's script sees no Set-Cookie, so the host keeps what a browser would.
import { Cookie, CookieJar, MemoryCookieStore } from "tough-cookie";
import type { Principal } from "../access/principal.ts";

/** Most devices and most strangers whose cookies are kept, and what a jar holds (RFC 6265 §6.1). */
export const MAX_DEVICES = 64;
export const MAX_COOKIES = 50;
const MAX_COOKIE_BYTES = 4096;

/** Longest life of a cookie: 400 days, as in browsers (RFC 6265bis §5.5). */
const LONGEST_SECONDS = 400 * 24 * 60 * 60;

/** One service's cookies, a jar for each device and each stranger, in memory. */
export class CookieJars {
  /** By ids, the least recently used first. Strangers, of whom there is no end, push no device out. */
  readonly #devices = new Map<string, Jar>();
  readonly #strangers = new Map<string, Jar>();

  /** Devices whose cookies are kept. */
  get devices(): number {
    return this.#devices.size;
  }

  /**
   * The value of the `Cookie` field for a request, or undefined where it needs none.
   *
   * @param url The backend's URL, not the page's: cookies have the backend's paths.
   * @param isCrossSite Whether another site's page leads here: `SameSite=Strict` cookies stay behind
   * (RFC 6265bis §5.6.7.1).
   */
  header(principal: Principal, url: URL, isCrossSite = false): string | undefined {
    const jar = this.#use(principal);
    const sameSiteContext = isCrossSite ? "lax" : "strict";
    return jar?.jar.getCookieStringSync(secure(url), { sameSiteContext }) || undefined;
  }

  /**
   * Keeps cookies as a browser would, and leaves out what a browser would refuse.
   *
   * @param setCookies Values of `Set-Cookie` fields.
   * @param url The backend's URL that answered.
   */
  store(principal: Principal, setCookies: string[], url: URL): void {
    if (setCookies.length === 0) return;
    const jar = this.#use(principal) ?? this.#create(principal);
    for (const text of setCookies) {
      const cookie = parse(text, url);
      if (!cookie) continue;
      jar.jar.setCookieSync(cookie, secure(url), { ignoreError: true });
      trim(jar.store);
    }
  }

  #create(principal: Principal): Jar {
    const jar = newJar();
    const jars = this.#jarsOf(principal);
    jars.set(principal.id, jar);
    const [oldest] = jars.keys();
    if (jars.size > MAX_DEVICES) jars.delete(oldest!);
    return jar;
  }

  #use(principal: Principal): Jar | undefined {
    const jars = this.#jarsOf(principal);
    const jar = jars.get(principal.id);
    if (jar) {
      jars.delete(principal.id);
      jars.set(principal.id, jar);
    }
    return jar;
  }

  #jarsOf({ name }: Principal): Map<string, Jar> {
    return name === undefined ? this.#strangers : this.#devices;
  }
}

interface Jar {
  jar: CookieJar;
  store: MemoryCookieStore;
}

function newJar(): Jar {
  const store = new MemoryCookieStore();
  return { jar: new CookieJar(store), store };
}

/** Reads a `Set-Cookie`: undefined where there is no cookie in it, or one that is too large. */
function parse(text: string, url: URL): Cookie | undefined {
  const cookie = text.length <= MAX_COOKIE_BYTES ? Cookie.parse(text, { loose: true }) : undefined;
  if (!cookie) return undefined;
  // tough-cookie refuses a Domain that is a public suffix, such as "nas"; where it is the backend's
  // own name, browsers take it for none (RFC 6265 §5.3, step 5). __Host- forbids even that one.
  if (cookie.domain === url.hostname && !cookie.key.startsWith("__Host-")) cookie.domain = null;
  // tough-cookie counts from the last use, and RFC 6265 §5.2.2 from now.
  if (typeof cookie.maxAge === "number") {
    const seconds = Math.min(cookie.maxAge, LONGEST_SECONDS);
    cookie.setExpires(new Date(Date.now() + seconds * 1000));
    cookie.maxAge = null;
  }
  return cookie;
}

/** The tunnel is encrypted, and what is behind it is the laptop: `Secure` cookies may pass. */
function secure(url: URL): string {
  return url.href.replace(/^(?:http|ws):/, "https:");
}

/** RFC 6265 §5.3: what has expired goes first, then what has been unused for longest. */
function trim(store: MemoryCookieStore): void {
  // This store calls back before it returns.
  store.getAllCookies((_error, cookies = []) => {
    const age = (cookie: Cookie) => cookie.TTL() <= 0 ? 0 : Number(cookie.lastAccessed);
    const excess = cookies.length - MAX_COOKIES;
    if (excess <= 0) return;
    for (const { domain, path, key } of cookies.sort((a, b) => age(a) - age(b)).slice(0, excess)) {
      store.removeCookie(domain!, path!, key, () => {});
    }
  });
}
