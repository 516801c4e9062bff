// Makes an app's document, as it comes through the tunnel, one that lives on this site.
import { type PageSettings, SETTINGS_ATTRIBUTE } from "../inject/messages.ts";
import { insertIntoHead } from "./document_head.ts";
import { holdFrames } from "./held_frames.ts";
import { adaptPolicies, type PolicyOptions } from "./policy.ts";
import { escape } from "./service_page.ts";

/** Options of {@linkcode toAppDocument}: those of its policy, and what its script is told. */
export interface DocumentOptions extends PolicyOptions {
  /** The script's URL. */
  script: string;
  settings: PageSettings;
}

/** Headers that make browsers send reports past the worker, to the site's own server. */
const REPORTING = ["report-to", "reporting-endpoints", "nel"];

/** What a document must say of itself in navigations, by what it says now: the worker must know it. */
const REFERRERS: Record<string, string> = {
  "no-referrer": "same-origin",
  "origin": "origin-when-cross-origin",
  "strict-origin": "strict-origin-when-cross-origin",
};

/** What HTML begins with, where nothing says its type (https://mimesniff.spec.whatwg.org/). */
const SNIFFED =
  /^\s*<(?:!doctype html|html|head|title|body|script|style|h1|div|p|table|a|br|!--)[\s>]/i;

/**
 * The document with the script first in its head, and with headers that allow it.
 *
 * @param response An answer to a navigation, of any type.
 */
export async function toAppDocument(
  response: Response,
  options: DocumentOptions,
): Promise<Response> {
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  for (const name of REPORTING) headers.delete(name);
  if (options.isFramed) headers.delete("x-frame-options");
  const policies = (headers.get("referrer-policy") ?? "").split(",");
  const policy = policies.at(-1)!.trim().toLowerCase();
  const referrer = REFERRERS[policy];
  if (referrer) headers.set("referrer-policy", referrer);
  const nonce = adaptPolicies(headers, options);
  const { body, isHtml } = await readHtml(response.body, headers);
  if (!body || !isHtml) return new Response(body, { status, statusText, headers });
  headers.delete("content-length");
  const tag = formatTag(options, nonce);
  const led = body.pipeThrough(holdFrames(options.settings.base !== "/")).pipeThrough(
    insertIntoHead(tag),
  );
  return new Response(led, { status, statusText, headers });
}

function formatTag({ script, settings }: DocumentOptions, nonce: string | undefined): string {
  // Only ASCII, which is the same in the document's encoding, whichever that is.
  const json = JSON.stringify(settings)
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `<script src="${escape(script)}" ${SETTINGS_ATTRIBUTE}="${escape(json)}"${
    nonce === undefined ? "" : ` nonce="${escape(nonce)}"`
  }></script>`;
}

/** The body, in an encoding that has ASCII in it, and whether it is a document that runs scripts. */
async function readHtml(
  body: ReadableStream<Uint8Array> | null,
  headers: Headers,
): Promise<{ body: ReadableStream<Uint8Array> | null; isHtml: boolean }> {
  const type = headers.get("content-type");
  const isSaved = /^\s*attachment/i.test(headers.get("content-disposition") ?? "");
  const isSniffed = !type && headers.get("x-content-type-options")?.toLowerCase() !== "nosniff";
  const isNamed = /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(type ?? "");
  if (!body || isSaved || !(isNamed || isSniffed)) return { body, isHtml: false };
  const { first, whole } = await peek(body);
  if (isSniffed && !SNIFFED.test(new TextDecoder("latin1").decode(first.subarray(0, 1024)))) {
    return { body: whole, isHtml: false };
  }
  const encoding = wideEncoding(first, type ?? "");
  if (!encoding) return { body: whole, isHtml: true };
  headers.set("content-type", `${type!.split(";")[0]}; charset=utf-8`);
  const decoder = new TextDecoderStream(encoding) as ReadableWritablePair<string, Uint8Array>;
  return { body: whole.pipeThrough(decoder).pipeThrough(new TextEncoderStream()), isHtml: true };
}

/** UTF-16, which browsers know by the first two bytes, or by its name. */
function wideEncoding([a, b]: Uint8Array, type: string): string | undefined {
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  return /;\s*charset\s*=\s*"?(utf-16(?:[bl]e)?)/i.exec(type)?.[1];
}

/** The first chunk of a stream, and the whole stream. */
async function peek(
  body: ReadableStream<Uint8Array>,
): Promise<{ first: Uint8Array; whole: ReadableStream<Uint8Array> }> {
  const reader = body.getReader();
  const { value: first = new Uint8Array() } = await reader.read();
  const whole = new ReadableStream<Uint8Array>({
    start: (controller) => first.length > 0 && controller.enqueue(first),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { first, whole };
}
