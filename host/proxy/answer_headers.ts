// The headers of a backend's answer, made such that pages can take them. Browsers take more than HTTP
// allows, and so does Node.js as the host uses it; on the page, one wrong header ends the stream.
import type { HeaderField } from "../../wire/mod.ts";
import { HOP_BY_HOP, namedByConnection, valuesOf } from "./headers.ts";

/** The headers of an answer, sorted. */
export interface AnswerHeaders {
  /** Those for the page. */
  headers: HeaderField[];
  /** Values of Set-Cookie, for the host's jar. */
  cookies: string[];
}

/** Maps the value of `location`, `content-location` or `refresh`; undefined drops the header. */
export type MapUrl = (name: string, value: string) => string | undefined;

/** A token (RFC 9110 §5.6.2), of the length that the page takes. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
const NOT_ASCII = /[\x80-\xff]/;

/** A parameter of Content-Disposition; its value may be a quoted string that does not end. */
const PARAMETER = /;[ \t]*([^ \t=;]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"?|[^;]*)/gs;

/**
 * Sorts the headers of an answer, and mends or drops those that the page would refuse.
 *
 * @param answered As Node.js reads them: a character for each byte.
 * @param mapUrl Leaves URLs as they are by default.
 */
export function readAnswer(answered: HeaderField[], mapUrl?: MapUrl): AnswerHeaders {
  const named = namedByConnection(answered);
  const isChunked = valuesOf(answered, "transfer-encoding").length > 0;
  const headers: HeaderField[] = [];
  const cookies: string[] = [];
  for (const [name, raw] of answered) {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || named.includes(lower) || !NAME.test(name)) continue;
    // The service worker believes these of the host.
    if (lower.startsWith("lighthouse-")) continue;
    let value: string | undefined = CONTROL.test(raw) ? spaced(raw) : raw;
    switch (lower) {
      case "set-cookie":
        cookies.push(raw);
        continue;
      case "content-length":
        // The chunks say where the body ends (RFC 9112 §6.3).
        if (isChunked) continue;
        break;
      case "content-disposition":
        value = withFileName(value);
        break;
      case "location":
      case "content-location":
      case "refresh":
        // The page would join several to one text, which could lead anywhere.
        if (valuesOf(headers, lower).length > 0) continue;
        if (mapUrl) value = mapUrl(lower, value);
        if (value === undefined) continue;
    }
    headers.push([name, value]);
  }
  return { headers, cookies };
}

function spaced(value: string): string {
  return value.replace(new RegExp(CONTROL, "g"), " ");
}

/**
 * Adds `filename*` to a Content-Disposition whose `filename` is raw UTF-8, or Latin-1, since pages read
 * no bytes (RFC 6266 §4.3, RFC 8187 §3.2).
 */
function withFileName(value: string): string {
  if (!NOT_ASCII.test(value)) return value;
  let raw: string | undefined;
  for (const [, name, text] of value.matchAll(PARAMETER)) {
    const lower = name!.toLowerCase();
    if (lower === "filename*") return value;
    if (lower === "filename") raw ??= text;
  }
  if (raw === undefined || !NOT_ASCII.test(raw)) return value;
  const text = raw.startsWith('"')
    ? raw.slice(1).replace(/\\(.)|"$/gs, "$1")
    : raw.replace(/[ \t]+$/, "");
  const utf8 = Buffer.from(text, "latin1").toString();
  const name = utf8.includes("\ufffd") ? text : utf8;
  return `${value.replace(/[; \t]+$/, "")}; filename*=UTF-8''${extended(name)}`;
}

/** RFC 8187 §3.2.1. */
function extended(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
