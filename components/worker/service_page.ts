// The service worker's own error responses.
import type { LighthouseError } from "../../wire/mod.ts";

/** Seconds after which the browser loads the page again. */
const RETRY_S = 2;

/**
 * 503: no tab is connected. A page loads again by itself: its request then waits in the worker, which
 * answers as soon as some tab is connected.
 *
 * @param site The URL of the site's pages, any of which can connect; undefined in app mode, where the page
 * around this one does.
 * @param error Why no tab is connected.
 */
export function unavailable(
  { method, mode }: Pick<Request, "method" | "mode">,
  site: string | undefined,
  error: LighthouseError,
): Response {
  const headers: Record<string, string> = { "retry-after": String(RETRY_S) };
  if (mode !== "navigate") {
    const { code, message } = error;
    return Response.json({ error: { code, message } }, { status: 503, headers });
  }
  const again = method === "GET"
    ? "This page then goes on by itself."
    : "Then send the form once more.";
  // In the page, as an element, it would count as a change that the reader cannot stop.
  if (method === "GET") headers["refresh"] = String(RETRY_S);
  return page(503, "Your laptop cannot be reached", [...explain(site, error), again], headers);
}

/** Why no tab is connected, and what helps, as HTML. */
function explain(site: string | undefined, error: LighthouseError): string[] {
  if (error.code !== "no-holder") {
    return [sentence(error.message), "It is tried again all the time."];
  }
  if (site === undefined) return ["There is no connection to it at the moment."];
  const open = `<a href="${escape(site)}" target="_blank" rel="noopener">this site</a>`;
  return [
    "What is shown here comes from your laptop, through a connection that another tab holds. At the moment none does.",
    `Open a page of ${open} that connects to it in another tab, and leave that open.`,
  ];
}

/** 502: the request has no answer, and the browser must not repeat it without asking the user. */
export function failed({ message }: LighthouseError): Response {
  return page(502, "There is no answer", [
    sentence(message),
    "Your laptop may have acted on the request all the same: look before you send it again.",
  ]);
}

/** 403: the form seems to come from another site. */
export function forbidden(): Response {
  return page(403, "This form was not sent", [
    "It came from another site, or from a page that does not say where it is from: a " +
    "Referrer-Policy of <code>no-referrer</code> does that.",
  ]);
}

/** 404: the page would be the site's, and what a document of the app asks for is not the site's to know. */
export function unplaced(): Response {
  return page(404, "This address leads out of the app", [
    "The page before does not tell which of your laptop's services it is from, so nothing was sent.",
  ]);
}

/**
 * A page of the worker's own, without script and never cached.
 *
 * @param content HTML: the body's, or a list of paragraphs.
 * @param headers Further headers, or others in place of the page's own.
 * @param head HTML.
 */
export function page(
  status: number,
  title: string,
  content: string | string[],
  headers: Record<string, string> = {},
  head = "",
): Response {
  const html = `<!doctype html>
<html lang="en">
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
  return escape(message).replace(/[^.!?…]$/, "$&.").replaceAll(/`([^`]*)`/g, "<code>$1</code>");
}

/** Text as HTML shows it, also in an attribute. */
export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
