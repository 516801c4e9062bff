// Whether a page can get the head of a backend's answer.
import {
  encodeHead,
  type HeaderField,
  type HttpResponse,
  MAX_FIELDS,
  MAX_HEAD,
} from "../../wire/mod.ts";
import { failed } from "./backend_errors.ts";

/**
 * The fields of an answer.
 *
 * @param raw Names and values in turns, as node:http has them.
 * @throws {LighthouseError} `backend-failed` if no browser would take the answer, or the wire cannot.
 */
export function answerFields(status: number, raw: string[]): HeaderField[] {
  if (status < 200 || status > 599) throw failed(`its status is ${status}`);
  const fields: HeaderField[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    // The name may have spaces before its colon.
    const name = raw[i]!.trimEnd();
    const value = raw[i + 1]!;
    if (value.includes("\0")) throw failed(`NUL is in its header ${name}`);
    fields.push([name, value]);
  }
  if (fields.length > MAX_FIELDS) {
    throw failed(`its answer has ${fields.length} fields, more than ${MAX_FIELDS}`);
  }
  return fields;
}

/** Adds the host's own fields to an answer, if the wire can still take its head. */
export function withFields(answer: HttpResponse, fields: HeaderField[]): HttpResponse {
  const all = { ...answer, headers: [...answer.headers, ...fields] };
  if (all.headers.length > MAX_FIELDS) return answer;
  try {
    checkHead(all);
    return all;
  } catch {
    return answer;
  }
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
    const why = `the head of its answer is larger than ${MAX_HEAD / 1024} KiB`;
    throw failed(`${why}. Make it send fewer headers`, cause);
  }
}
