// The service worker's own error responses.
import type { LighthouseError } from "../../wire/mod.ts";
import type { Language } from "../texts/language.ts";
import { tell } from "../texts/telling.ts";
import { asSentence, fill, textsIn, valuesOf } from "../texts/texts.ts";
import { PAGE_TEXTS, type PageTexts } from "./page_texts.ts";

/** Seconds after which the browser loads the page again. */
const RETRY_S = 2;

/**
 * 503: no tab is connected. A page loads again by itself: its request then waits in the worker, which
 * answers as soon as some tab is connected.
 *
 * @param site The URL of the site's pages, any of which can connect; undefined in app mode, where the page
 * around this one does.
 * @param error Why no tab is connected.
 * @param language The page's.
 */
export function unavailable(
  { method, mode }: Pick<Request, "method" | "mode">,
  site: string | undefined,
  error: LighthouseError,
  language: Language,
): Response {
  const headers: Record<string, string> = { "retry-after": String(RETRY_S) };
  if (mode !== "navigate") {
    const { code, message } = error;
    return Response.json({ error: { code, message } }, { status: 503, headers });
  }
  const texts = PAGE_TEXTS[language];
  const again = method === "GET" ? texts["goes-on"] : texts["send-again"];
  // In the page, as an element, it would count as a change that the reader cannot stop.
  if (method === "GET") headers["refresh"] = String(RETRY_S);
  const content = [...explain(site, error, language), again];
  return page({ status: 503, title: texts.unavailable, content, headers, language });
}

/** Why no tab is connected, and what helps, as HTML. */
function explain(site: string | undefined, error: LighthouseError, language: Language): string[] {
  const texts = PAGE_TEXTS[language];
  if (error.code !== "no-holder") {
    const { label, sentence: why } = tell({ state: "failed", reason: "", error }, true);
    const said = textsIn(language);
    return [
      sentence(said[label]),
      sentence(fill(said[why!], valuesOf(error))),
      texts["still-trying"],
    ];
  }
  if (site === undefined) return [texts["no-tab"]];
  const link = `<a href="${escape(site)}" target="_blank" rel="noopener">${texts["this-site"]}</a>`;
  return [texts["no-tab-why"], fill(texts["no-tab-how"], { site: link })];
}

/** 502: the request has no answer, and the browser must not repeat it without asking the user. */
export function failed({ code, message }: LighthouseError, language: Language): Response {
  const texts = PAGE_TEXTS[language];
  const why = fill(texts["failed-why"], { code, message: sentence(message) });
  const content = [why, texts["failed-care"]];
  return page({ status: 502, title: texts.failed, content, language });
}

/** 403: the form seems to come from another site. */
export function forbidden(language: Language): Response {
  return explained(403, "forbidden", language);
}

/** 404: the page would be the site's, and what a document of the app asks for is not the site's to know. */
export function unplaced(language: Language): Response {
  return explained(404, "unplaced", language);
}

function explained(status: number, name: "forbidden" | "unplaced", language: Language): Response {
  const texts: PageTexts = PAGE_TEXTS[language];
  return page({ status, title: texts[name], content: [texts[`${name}-why`]], language });
}

/** A page of the worker's own. */
interface OwnPage {
  status: number;
  title: string;
  /** HTML: the body's, or a list of paragraphs. */
  content: string | string[];
  /** Further headers, or others in place of the page's own. */
  headers?: Record<string, string>;
  /** HTML. */
  head?: string;
  language: Language;
}

/** A page of the worker's own, without script and never cached. */
export function page({ status, title, content, headers, head = "", language }: OwnPage): Response {
  const html = `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${head}<title>${title}</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
:root { --page: #f6f8fa; --ink: #1f2328; --accent: #0b5d80; --on-accent: #fff; --code: #e7ecf0 }
:root { --edge: #818b98; --field: #fff; --bad: #b3261e; --problem: #fdf0ee }
@media (prefers-color-scheme: dark) {
:root { --page: #0d1117; --ink: #e6edf3; --accent: #ffc766; --on-accent: #221803; --code: #2a313a }
:root { --edge: #656c76; --field: #161b22; --bad: #ff7b72; --problem: #2b1715 }
}
body { margin: 0; background: var(--page); color: var(--ink) }
main { max-width: 34rem; margin: 0 auto; padding: max(1.5rem, 12vh) 1.25rem; overflow-wrap: anywhere }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25 }
a { color: var(--accent) }
code { padding: .1em .35em; border-radius: .25em; background: var(--code) }
</style>
<main>
<h1>${title}</h1>
${typeof content === "string" ? content : content.map((text) => `<p>${text}</p>`).join("\n")}
</main>
`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "cache-control": "no-store",
      ...headers,
    },
  });
}

/** A message as HTML: a whole sentence, with what stands between backticks as code. */
function sentence(message: string): string {
  return asSentence(escape(message)).replaceAll(/`([^`]*)`/g, "<code>$1</code>");
}

/** Text as HTML shows it, also in an attribute. */
export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
