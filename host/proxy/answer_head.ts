// The head of a backend's answer, in the form that a page takes.
import {
  encodeHead,
  type HeaderField,
  type HttpResponse,
  MAX_FIELDS,
  MAX_HEAD,
  TOKEN,
} from "../../wire/mod.ts";
import { failed } from "./backend_errors.ts";

/** Control characters in a value, which browsers take and the wire does not. */
// deno-lint-ignore no-control-regex -- control characters are what it finds
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g;

/**
 * The fields of an answer. Where it has chunks, they decide over its length, and Content-Length is taken
 * out (RFC 9112 §6.3).
 *
 * @param raw Names and values in turns, as node:http has them.
 * @throws {LighthouseError} `backend-failed` if no page could take the answer.
 */
export function answerFields(status: number, raw: string[]): HeaderField[] {
  if (status < 200 || status > 599) throw failed(`its status is ${status}`);
  const fields: HeaderField[] = [];
  let isChunked = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.trim();
    const value = raw[i + 1]!;
    if (!TOKEN.test(name)) throw failed(`its answer has a header named ${JSON.stringify(name)}`);
    if (value.includes("\0")) throw failed(`NUL is in its header ${name}`);
    isChunked ||= name.length === 17 && name.toLowerCase() === "transfer-encoding";
    // RFC 9110 §5.5 wants spaces in the place of control characters.
    fields.push([name, value.replace(CONTROLS, " ")]);
  }
  if (fields.length > MAX_FIELDS) {
    throw failed(`its answer has ${fields.length} fields, more than ${MAX_FIELDS}`);
  }
  return isChunked ? fields.filter(([name]) => name.toLowerCase() !== "content-length") : fields;
}

/** Checks that a head fits the wire. @throws {LighthouseError} `backend-failed`. */
export function checkHead({ status, statusText, headers, body }: HttpResponse): void {
  let length = statusText.length;
  for (const [name, value] of headers) length += name.length + value.length + 4;
  // In JSON, and in UTF-8, a character takes two bytes at most.
  if (2 * length + 100 <= MAX_HEAD) return;
  try {
    encodeHead({ status, statusText, headers, body: body !== null });
  } catch (cause) {
    const why = `the headers of its answer are more than ${MAX_HEAD / 1024} KiB`;
    throw failed(`${why}: make it send fewer or shorter ones`, cause);
  }
}
