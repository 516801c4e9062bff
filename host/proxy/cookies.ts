// Cookie jars on the host: a page's script cannot see Set-Cookie, so the host keeps the cookies.
// cookie_folder.ts writes the persistent ones down.
import { Cookie, CookieJar, MemoryCookieStore } from "tough-cookie";
import type { Principal } from "../access/principal.ts";

/** Most jars of devices, and as many of strangers; and most cookies of a jar (RFC 6265 §6.1). */
export const MAX_DEVICES = 64;
export const MAX_COOKIES = 50;
const MAX_COOKIE_BYTES = 4096;

/** Longest life of a cookie: 400 days in milliseconds, as in browsers (RFC 6265bis §5.5). */
export const LONGEST_MS = 400 * 24 * 3_600_000;

/** Options of {@linkcode CookieJars}. */
export interface CookieJarsOptions {
  /** Cookies that devices have already, by the devices' ids, the least recently used first. */
  kept?: Iterable<[device: string, cookies: Cookie[]]>;
  /** Called with all persistent cookies of a device after the backend has set some, or it lost its jar. */
  onStored?: (device: string, cookies: Cookie[]) => void;
}

/** The cookies of one service: a jar in memory for each device and each stranger. */
export class CookieJars {
  /** By id, the least recently used first. Strangers are apart, so that they push no device out. */
  readonly #devices = new Map<string, Jar>();
  readonly #strangers = new Map<string, Jar>();
  readonly #onStored: NonNullable<CookieJarsOptions["onStored"]>;

  constructor({ kept = [], onStored = () => {} }: CookieJarsOptions = {}) {
    for (const [device, cookies] of [...kept].slice(-MAX_DEVICES)) {
      const jar = newJar();
      for (const cookie of cookies) if (isKeepable(cookie)) jar.store.putCookie(cookie, () => {});
      trim(jar.store);
      this.#devices.set(device, jar);
    }
    this.#onStored = onStored;
  }

  /** Number of devices that have a jar. */
  get devices(): number {
    return this.#devices.size;
  }

  /**
   * The value of the `Cookie` header for a request, or undefined if there is no cookie for it.
   *
   * @param url The backend's URL, not the page's: cookies have the backend's paths.
   * @param isCrossSite Whether the navigation comes from another site: then `SameSite=Strict` cookies are
   * left out (RFC 6265bis §5.6.7.1).
   */
  header(principal: Principal, url: URL, isCrossSite = false): string | undefined {
    const jar = this.#use(principal);
    const sameSiteContext = isCrossSite ? "lax" : "strict";
    return jar?.jar.getCookieStringSync(secure(url), { sameSiteContext }) || undefined;
  }

  /**
   * Stores cookies as a browser does, and refuses those that a browser refuses.
   *
   * @param setCookies Values of `Set-Cookie` headers.
   * @param url The backend's URL that answered.
   */
  store(principal: Principal, setCookies: string[], url: URL): void {
    if (setCookies.length === 0) return;
    const jar = this.#use(principal) ?? this.#create(principal);
    for (const text of setCookies) {
      const cookie = parse(text, url);
      if (!cookie) continue;
      jar.jar.setCookieSync(cookie, secure(url), { ignoreError: true });
    }
    trim(jar.store);
    if (principal.name !== undefined) this.#onStored(principal.id, persistent(jar.store));
  }

  /** Forgets a device's cookies. */
  forget(device: string): void {
    this.#devices.delete(device);
  }

  #create(principal: Principal): Jar {
    const jar = newJar();
    const jars = this.#jarsOf(principal);
    jars.set(principal.id, jar);
    const [oldest] = jars.keys();
    if (jars.size > MAX_DEVICES) {
      jars.delete(oldest!);
      if (jars === this.#devices) this.#onStored(oldest!, []);
    }
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

/** Reads a `Set-Cookie` header: undefined if it holds no cookie, or one that is too large. */
function parse(text: string, url: URL): Cookie | undefined {
  const cookie = text.length <= MAX_COOKIE_BYTES ? Cookie.parse(text, { loose: true }) : undefined;
  if (!cookie) return undefined;
  // tough-cookie refuses a Domain that is a public suffix, such as "nas". If it is the backend's own
  // name, browsers treat the cookie as host-only (RFC 6265 §5.3, step 5). __Host- forbids even that.
  if (cookie.domain === url.hostname && !cookie.key.startsWith("__Host-")) cookie.domain = null;
  if (!cookie.isPersistent()) return cookie;
  const now = Date.now();
  // tough-cookie counts Max-Age from the last use; RFC 6265 §5.2.2 counts from now.
  const life = cookie.maxAge === null ? Number(cookie.expires) - now : Number(cookie.maxAge) * 1000;
  cookie.expires = new Date(now + Math.max(0, Math.min(life, LONGEST_MS)));
  cookie.maxAge = null;
  return cookie;
}

/** Whether a cookie of an earlier process has not expired, and keeps to the limit. */
function isKeepable(cookie: Cookie): boolean {
  const { key, value, path } = cookie;
  return cookie.TTL() > 0 && key.length + value.length + path!.length <= MAX_COOKIE_BYTES;
}

/** The cookies that outlive the browser's session, and have not expired. */
function persistent(store: MemoryCookieStore): Cookie[] {
  return all(store).filter((cookie) => cookie.isPersistent() && cookie.TTL() > 0);
}

/** MemoryCookieStore calls back synchronously. */
function all(store: MemoryCookieStore): Cookie[] {
  let found: Cookie[] = [];
  store.getAllCookies((_error, cookies = []) => {
    found = cookies;
  });
  return found;
}

/** `Secure` cookies may pass: the tunnel is encrypted, and behind it is the laptop itself. */
function secure(url: URL): string {
  return url.href.replace(/^(?:http|ws):/, "https:");
}

/** Removes cookies above the limit: expired ones first, then the least recently used (RFC 6265 §5.3). */
function trim(store: MemoryCookieStore): void {
  const cookies = all(store);
  const excess = cookies.length - MAX_COOKIES;
  if (excess <= 0) return;
  const age = (cookie: Cookie) => cookie.TTL() <= 0 ? 0 : Number(cookie.lastAccessed);
  for (const { domain, path, key } of cookies.sort((a, b) => age(a) - age(b)).slice(0, excess)) {
    store.removeCookie(domain!, path!, key, () => {});
  }
}
