// The page of a site in app mode. Its script builds all that is seen, and takes away what is here for
// browsers that cannot read it.
import { createHash } from "node:crypto";
import { escapeHtml, formatAttributes } from "./html.ts";
import type { Icon } from "./icons.ts";
import type { SiteOptions } from "./site_options.ts";

/** Browsers older than 2021 cannot read the script. A page that loads slowly shows this for a moment, too. */
const TOO_OLD =
  "If nothing else appears here, this browser is too old: Lighthouse needs Chrome 119, Firefox 124 or Safari 17.4.";

/** Shows it after 4 seconds. */
const STYLE =
  "#too-old { animation: appear 0s 4s both } @keyframes appear { from { visibility: hidden } }";

/** The page, `index.html` and `404.html`. Static hosts send it for deep links, so its URLs are absolute. */
export function formatPage(options: SiteOptions, icons: Icon[]): string {
  const { page, attributes, service, name } = options;
  const base = page.pathname;
  const element = formatAttributes({ ...attributes, worker: `${base}sw.js` });
  const icon = icons[0]!;
  const apple = icons.find(({ isApple }) => isApple);
  const appleLink = apple ? `\n<link rel="apple-touch-icon" href="${base}${apple.path}">` : "";
  return `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(formatPolicy(options))}">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<meta name="lighthouse-scope" content="${escapeHtml(base)}">
<meta name="lighthouse-service" content="${escapeHtml(service ?? "")}">
<meta name="application-name" content="${escapeHtml(name)}">
<meta name="apple-mobile-web-app-title" content="${escapeHtml(name)}">
<meta name="mobile-web-app-capable" content="yes">
<title>${escapeHtml(name)}</title>
<style>${STYLE}</style>
<link rel="icon" href="${base}${icon.path}" type="${icon.type}">${appleLink}
<link rel="manifest" href="${base}lighthouse/manifest.webmanifest">
<script defer src="${escapeHtml(base)}lighthouse/shell.js"></script>
</head>
<body>
<lighthouse-tunnel ${element}></lighthouse-tunnel>
<p id="too-old" lang="en">${TOO_OLD}</p>
<noscript lang="en">This page needs JavaScript to reach your laptop.</noscript>
</body>
</html>
`;
}

/** The page's Content-Security-Policy. The app's documents have their own. */
function formatPolicy({ page, attributes }: SiteOptions): string {
  const keySite = attributes["key-site"];
  const connect = ["relay", "registry"].flatMap((each) => attributes[each] ?? [])
    .map((url) => new URL(url).origin);
  return [
    "default-src 'none'",
    "script-src 'self'",
    // The shell's styles are in its script.
    `style-src 'self' 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
    // Pictures of the app come as data.
    "img-src 'self' data: blob:",
    "manifest-src 'self'",
    "worker-src 'self'",
    // `https:` is for WebTransport: the host's addresses are not known when the page is made.
    ["connect-src 'self'", ...connect, "https:"].join(" "),
    // A frame that leaves the scope would ask the static host for what is the app's.
    ["frame-src", page.origin + page.pathname, ...keySite === undefined ? [] : [keySite]].join(" "),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
