// A form for HTTP Basic: no browser asks for a user and a password where a service worker answers.
import { parseUrl } from "../../wire/mod.ts";
import { basicCredentials, basicRealm } from "./basic_challenge.ts";
import type { PageRequest } from "./page_request.ts";
import { escape, page } from "./service_page.ts";

/** The form's own path under the prefix, which no backend gets a navigation for. */
const PATH = ".lighthouse/sign-in";

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
export function asSignIn(request: PageRequest, response: Response, prefix: URL): Response {
  const realm = request.mode === "navigate" ? realmOf(response) : undefined;
  if (realm === undefined) return response;
  response.body?.cancel().catch(() => {});
  const { pathname, search } = new URL(request.url);
  return form(prefix, { page: pathname + search, realm, isForm: request.method !== "GET" });
}

/**
 * Answers a navigation to the form's own URL: asks the backend for the page as the user, which the host
 * then remembers, and leads there.
 *
 * @param ask Asks the backend for a page under the prefix, with further headers. Never rejects.
 */
export async function signIn(
  request: PageRequest,
  prefix: URL,
  ask: (page: PageRequest, more: Record<string, string>) => Promise<Response>,
): Promise<Response> {
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
  return form(prefix, { page: url.pathname + url.search, realm, refused: field("user") });
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

function form(prefix: URL, { page: path, realm, refused, isForm }: Form): Response {
  const isRefused = refused !== undefined;
  const where = realm && ` for <q>${escape(realm)}</q>`;
  const again = isForm ? " Then send the form once more." : "";
  const focus = (isFocused: boolean) => isFocused ? " autofocus" : "";
  return page(
    401,
    "Sign in",
    `<p>Your laptop asks for a user name and a password${where}.${again}</p>
${isRefused ? '<p role="alert" id="refused">Wrong user name or password.</p>\n' : ""}\
<form method="post" action="${escape(prefix.pathname + PATH)}">
<input type="hidden" name="page" value="${escape(path)}">
<label for="user">User name</label>
<input id="user" name="user" value="${
      escape(refused ?? "")
    }" autocomplete="username" autocapitalize="none" spellcheck="false"${focus(!isRefused)}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password"${
      isRefused ? ' aria-invalid="true" aria-describedby="refused"' : ""
    }${focus(isRefused)}>
<button>Sign in</button>
</form>`,
    {
      // The worker takes the form for the site's own by its referrer.
      "referrer-policy": "same-origin",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    },
    `<style>
label, input, button { display: block; box-sizing: border-box; width: 100%; font: inherit }
input, button { padding: .625rem .75rem; border: 1px solid var(--edge); border-radius: .375rem }
input { margin: .25rem 0 1rem; background: var(--field); color: inherit }
button { border-color: transparent; background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
[role=alert] { padding: .625rem .875rem; border-left: .25rem solid var(--bad); background: var(--problem) }
q { overflow-wrap: anywhere }
</style>
`,
  );
}
