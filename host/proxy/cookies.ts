// Cookie jars on the host: a page's script cannot see Set-Cookie, so the host keeps the cookies.
// cookie_folder.ts writes the persistent ones down.
import { type Cookie, CookieJar, MemoryCookieStore } from "tough-cookie";
import type { Principal } from "../access/principal.ts";
import { type LinePlace, MAX_COOKIE_BYTES, parseLine, parseSetCookie } from "./cookie_line.ts";

/** Most jars of devices, and as many of strangers; and most cookies of a jar (RFC 6265 §6.1). */
export const MAX_DEVICES = 64;
export const MAX_COOKIES = 50;

/** Most lines of scripts whose ids a jar remembers. */
const MAX_LINES = 256;

/** Options of {@linkcode CookieJars}. */
export interface CookieJarsOptions {
  /** Cookies that devices have already, by the devices' ids, the least recently used first. */
  kept?: Iterable<[device: string, cookies: Cookie[]]>;
  /** Called with all persistent cookies of a device after the backend has set some, or it lost its jar. */
  onStored?: (device: string, cookies: Cookie[]) => void;
}

/** What a script has assigned to `document.cookie`. */
export interface ScriptLine {
  /** A character for each byte of UTF-8. */
  line: string;
  /** A line with the same id is stored once: the worker sends it until it has an answer. */
  id?: string;
}

/** The cookies of one service: a jar in memory for each device and each stranger. */
export class CookieJars {
  /** By id, the least recently used first. Strangers are apart, so that they push no device out. */
  readonly #devices = new Map<string, Jar>();
  readonly #strangers = new Map<string, Jar>();
  readonly #onStored: NonNullable<CookieJarsOptions["onStored"]>;
  #changes = 0;

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
    const cookies = setCookies.map((text) => parseSetCookie(text, url));
    this.#store(principal, cookies.filter((cookie) => cookie !== undefined), url, true);
  }

  /**
   * Stores what a script has assigned to `document.cookie`: it neither sets nor replaces HttpOnly cookies
   * (RFC 6265bis §5.7).
   */
  storeOfScript(principal: Principal, { line, id }: ScriptLine, place: LinePlace): void {
    const cookie = parseLine(line, place);
    if (!cookie) return;
    const jar = this.#use(principal) ?? this.#create(principal);
    if (id !== undefined && jar.lines.has(id)) return;
    if (id !== undefined) jar.lines.add(id);
    const [oldest] = jar.lines;
    if (jar.lines.size > MAX_LINES) jar.lines.delete(oldest!);
    this.#store(principal, [cookie], place.url, false);
  }

  /**
   * The value of `document.cookie` in a document, a character for each byte: without HttpOnly cookies.
   *
   * @param url The backend's URL of the document.
   */
  ofScripts(principal: Principal, url: URL): string {
    const jar = this.#use(principal);
    return jar?.jar.getCookieStringSync(secure(url), { http: false }) ?? "";
  }

  /** A number that grows when cookies change that scripts may see: 0 for a principal without a jar. */
  changes(principal: Principal): number {
    return this.#jarsOf(principal).get(principal.id)?.changes ?? 0;
  }

  /** Whether a principal has cookies, or has had some. */
  has(principal: Principal): boolean {
    return this.#jarsOf(principal).has(principal.id);
  }

  #store(principal: Principal, cookies: Cookie[], url: URL, http: boolean): void {
    if (cookies.length === 0) return;
    const jar = this.#use(principal) ?? this.#create(principal);
    const before = shownIn(jar.store);
    for (const cookie of cookies) {
      jar.jar.setCookieSync(cookie, secure(url), { ignoreError: true, http });
    }
    trim(jar.store);
    if (shownIn(jar.store) !== before) jar.changes = ++this.#changes;
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
  /** The number of the last change that scripts may see. */
  changes: number;
  /** The ids of the last lines of scripts. */
  lines: Set<string>;
}

function newJar(): Jar {
  const store = new MemoryCookieStore();
  return { jar: new CookieJar(store), store, changes: 0, lines: new Set() };
}

/** Whether a cookie of an earlier process has not expired, and keeps to the limit. */
function isKeepable(cookie: Cookie): boolean {
  const { key, value, path } = cookie;
  return cookie.TTL() > 0 && key.length + value.length + path!.length <= MAX_COOKIE_BYTES;
}

/** What scripts may see, in a text that differs where it does. */
function shownIn(store: MemoryCookieStore): string {
  const shown = all(store).filter((cookie) => !cookie.httpOnly && cookie.TTL() > 0);
  return JSON.stringify(shown.map(({ key, value, path, domain }) => [key, value, path, domain]));
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
