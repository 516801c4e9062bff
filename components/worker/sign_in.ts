// A form for HTTP Basic: no browser asks for a user and a password where a service worker answers.
import { parseUrl } from "../../wire/mod.ts";
import { basicCredentials, basicRealm } from "./basic_challenge.ts";
import type { PageRequest } from "./page_request.ts";
import { fill } from "../texts/texts.ts";
import { PAGE_TEXTS } from "./page_texts.ts";
import { escape, page } from "./service_page.ts";
import type { Site } from "./site.ts";

/** The form's own path under the prefix, which no backend gets a navigation for. */
const PATH = ".lighthouse/sign-in";

/** The site, as far as the form belongs to it. */
type SignInSite = Pick<Site, "prefix" | "language">;

/** What the form shows besides its fields. */
interface Form {
  /** The path of the page behind it. */
  page: string;
  /** The backend's name for what it protects. */
  realm: string;
  /** The user whom the backend has just refused; undefined before the first try. */
  refused?: string;
  /** Whether the request that was answered 401 sent a form, which the browser does not send again. */
  isForm?: boolean;
}

/** Whether a navigation is to the form's own URL. */
export function isSignIn({ mode, url }: PageRequest, prefix: URL): boolean {
  const { origin, pathname } = new URL(url);
  return mode === "navigate" && origin + pathname === prefix.href + PATH;
}

/** The form in place of a page that is answered 401 with a Basic challenge. Other responses pass. */
export function asSignIn(request: PageRequest, response: Response, site: SignInSite): Response {
  const realm = request.mode === "navigate" ? realmOf(response) : undefined;
  if (realm === undefined) return response;
  response.body?.cancel().catch(() => {});
  const { pathname, search } = new URL(request.url);
  return form(site, { page: pathname + search, realm, isForm: request.method !== "GET" });
}

/**
 * Answers a navigation to the form's own URL: asks the backend for the page as the user, which the host
 * then remembers, and leads there.
 *
 * @param ask Asks the backend for a page under the prefix, with further headers. Never rejects.
 */
export async function signIn(
  request: PageRequest,
  site: SignInSite,
  ask: (page: PageRequest, more: Record<string, string>) => Promise<Response>,
): Promise<Response> {
  const { prefix } = site;
  if (request.method !== "POST") return Response.redirect(prefix.href, 303);
  const fields = new URLSearchParams(await (await request.blob()).text());
  const field = (name: string) => fields.get(name) ?? "";
  const url = underPrefix(field("page"), prefix);
  const response = await ask(asking(request, url), {
    "authorization": basicCredentials(field("user"), field("password")),
    // The host keeps it for this device, as a browser keeps it for a server.
    "lighthouse-remember": "authorization",
  });
  response.body?.cancel().catch(() => {});
  const realm = realmOf(response);
  if (realm === undefined) return Response.redirect(url.href, 303);
  return form(site, { page: url.pathname + url.search, realm, refused: field("user") });
}

function realmOf({ status, headers }: Response): string | undefined {
  return status === 401 ? basicRealm(headers.get("www-authenticate")) : undefined;
}

/** The URL of a page under the prefix; the prefix itself in place of any other. */
function underPrefix(path: string, prefix: URL): URL {
  const url = parseUrl(path, prefix);
  return url?.href.startsWith(prefix.href) ? url : prefix;
}

/** The request for a page that the form's own makes way for. */
function asking(
  { headers, destination, referrer, referrerPolicy, signal }: PageRequest,
  url: URL,
): PageRequest {
  const kept = new Headers(headers);
  for (const name of ["content-type", "origin"]) kept.delete(name);
  const blob = () => Promise.resolve(new Blob());
  return {
    method: "GET",
    url: url.href,
    headers: kept,
    mode: "navigate",
    cache: "default",
    destination,
    referrer,
    referrerPolicy,
    signal,
    blob,
  };
}

function form(
  { prefix, language }: SignInSite,
  { page: path, realm, refused, isForm }: Form,
): Response {
  const texts = PAGE_TEXTS[language];
  const isRefused = refused !== undefined;
  const why = realm
    ? fill(texts["sign-in-for"], { realm: `<q>${escape(realm)}</q>` })
    : texts["sign-in-how"];
  const again = isForm ? ` ${texts["send-again"]}` : "";
  const focus = (isFocused: boolean) => isFocused ? " autofocus" : "";
  return page({
    status: 401,
    title: texts["sign-in"],
    language,
    content: `<p>${why}${again}</p>
${isRefused ? `<p role="alert" id="refused">${texts.refused}</p>\n` : ""}\
<form method="post" action="${escape(prefix.pathname + PATH)}">
<input type="hidden" name="page" value="${escape(path)}">
<label for="user">${texts.user}</label>
<input id="user" name="user" value="${
      escape(refused ?? "")
    }" autocomplete="username" autocapitalize="none" spellcheck="false"${focus(!isRefused)}>
<label for="password">${texts.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password"${
      isRefused ? ' aria-invalid="true" aria-describedby="refused"' : ""
    }${focus(isRefused)}>
<button>${texts["sign-in"]}</button>
</form>`,
    headers: {
      // The worker takes the form for the site's own by its referrer.
      "referrer-policy": "same-origin",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    },
    head: `<style>
label, input, button { display: block; box-sizing: border-box; width: 100%; font: inherit }
input, button { padding: .625rem .75rem; border: 1px solid var(--edge); border-radius: .375rem }
input { margin: .25rem 0 1rem; background: var(--field); color: inherit }
button { border-color: transparent; background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
[role=alert] { padding: .625rem .875rem; border-left: .25rem solid var(--bad); background: var(--problem) }
q { overflow-wrap: anywhere }
</style>
`,
  });
}
