// What the service worker tells of the document that asks, and what the host tells it in return: cookies
// for scripts, the backend's own URL, and the service. A page can send the worker's headers too, so they
// give it nothing that its device may not have.
import {
  asString,
  BACKEND,
  COOKIES,
  FROM,
  type HeaderField,
  type HttpRequest,
  LighthouseError,
  SERVICE,
  SET_COOKIE,
} from "../../wire/mod.ts";
import { mayReach, type Principal } from "../access/principal.ts";
import type { ScriptLine } from "./cookies.ts";
import { percentEncoded, valuesOf } from "./headers.ts";

/** Most lines of one request: the last ones count. */
const MAX_LINES = 256;

/** Most characters of all cookies in an answer. No backend takes as many in a request. */
const MAX_SHOWN = 24 * 1024;

/** The cookies of a service as the scripts of its documents have them. */
export interface DocumentCookies {
  /**
   * The value of `document.cookie`, a character for each byte; undefined if the service cannot have a
   * document there.
   *
   * @param target The document's path in the tunnel, with its query.
   */
  shown(principal: Principal, target: string): string | undefined;
  /** Stores a line of a script. @param headers Of the request that brings it. */
  set(principal: Principal, target: string, line: ScriptLine, headers: HeaderField[]): void;
  /** A number that grows with each change. */
  changes(principal: Principal): number;
  /** Whether a principal has any, also such as scripts do not see. */
  has(principal: Principal): boolean;
}

type Asking = Pick<HttpRequest, "target" | "headers">;

/** The parts of a service that are told. */
interface Told {
  readonly prefix: string;
  readonly documents?: DocumentCookies;
  readonly upstream?: { config: { backend: URL } };
}

/** Whether a principal may reach the service at a prefix, by a request that may be meant for one only. */
export function mayAsk(principal: Principal, prefix: string, headers: HeaderField[]): boolean {
  return mayReach(principal, prefix) &&
    valuesOf(headers, SERVICE).every((only) => only === prefix);
}

/**
 * Stores the cookies that scripts have set.
 *
 * @returns Makes the host's own headers for the answer, once its cookies are stored: for the service that
 * has answered, or for a document that asks for its cookies only.
 * @throws {LighthouseError} `bad-request` if the lines are none.
 */
export function takeCookies(
  { target, headers }: Asking,
  principal: Principal,
  find: (target: string) => Told | undefined,
): (service?: Told) => HeaderField[] {
  const isNavigation = valuesOf(headers, "sec-fetch-mode").includes("navigate");
  const from = valuesOf(headers, FROM)[0] ?? (isNavigation ? target : undefined);
  const own = (document: string): Told | undefined => {
    const service = find(document);
    return service && mayAsk(principal, service.prefix, headers) ? service : undefined;
  };
  const asking = from === undefined ? undefined : own(from);
  const before = asking?.documents?.changes(principal);
  for (const { document, line } of linesOf(headers)) {
    own(document)?.documents?.set(principal, document, line, headers);
  }
  return (service) => {
    const fields: HeaderField[] = isNavigation && service ? aboutService(service) : [];
    if (!asking?.documents || (service && service !== asking)) return fields;
    const isNews = asking.documents.changes(principal) !== before;
    if (service && !isNavigation && !isNews) return fields;
    const shown = asking.documents.shown(principal, from!);
    return shown === undefined ? fields : [...fields, [COOKIES, forHeader(shown)]];
  };
}

function aboutService({ prefix, upstream }: Told): HeaderField[] {
  if (!upstream) return [[SERVICE, prefix]];
  return [[SERVICE, prefix], [BACKEND, upstream.config.backend.href.replace(/\/$/, "")]];
}

/** The cookies that fit, percent-encoded. Bytes that are no UTF-8 would make the page's decoder throw. */
function forHeader(shown: string): string {
  let text = "";
  for (const cookie of shown.split("; ")) {
    const encoded = percentEncoded(Buffer.from(cookie, "latin1").toString());
    if (text.length + encoded.length > MAX_SHOWN) continue;
    text += (text && "; ") + encoded;
  }
  return text;
}

/** @throws {LighthouseError} `bad-request`. */
function linesOf(headers: HeaderField[]): { document: string; line: ScriptLine }[] {
  return valuesOf(headers, SET_COOKIE).flatMap((value) => {
    try {
      const lines: unknown = JSON.parse(decodeURIComponent(value));
      if (!Array.isArray(lines)) throw new TypeError("Cannot parse the lines: expected a list");
      return lines.slice(-MAX_LINES).map(parseLine);
    } catch (error) {
      throw LighthouseError.from(error, "bad-request");
    }
  });
}

function parseLine(value: unknown): { document: string; line: ScriptLine } {
  if (!Array.isArray(value)) throw new TypeError("Cannot parse a line: expected a list");
  const [document, text, id] = value;
  if (typeof text !== "string") throw new TypeError("Cannot parse a line: expected a string");
  const line = Buffer.from(text).toString("latin1");
  return {
    document: asString(document, "a line's document", 32 * 1024),
    line: id === undefined ? { line } : { line, id: asString(id, "a line's id", 64) },
  };
}
