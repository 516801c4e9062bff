// The README.md of a site's folder.
import type { KeySiteOptions, SiteOptions } from "./site_options.ts";

const DOCS = "docs/site.md of Lighthouse";

/** The README of an app's site. */
export function formatReadme({ page, attributes, service, name }: SiteOptions): string {
  const keySite = attributes["key-site"];
  const shows = service === null
    ? "the laptop's services, each under its own path, with a list of them at its start"
    : service === "/"
    ? "what the laptop offers"
    : `what the laptop offers as ${service}`;
  return `# ${name}

\`lighthouse-host site\` has written this folder. Published at ${page.href}, it shows ${shows}.
The files here are the way to the app, and none of the app's data is in them.

## Publish it

Push this folder as a repository of its own to GitHub, and choose "GitHub Actions" as the source in the
repository's settings, under "Pages": \`.github/workflows/pages.yml\` does the rest. Any other server of
static files does as well. It must serve the folder at that address, and \`404.html\` where there is no
file.

Then let your browsers in, one by one:

    lighthouse-host pair --page ${page.href}${keySite === undefined ? "" : ` --for ${service}`}

## Keep it up to date

    lighthouse-host site --update .

writes the files of the program's version, with the settings that the site has. Your own files stay. If you
have changed this file or the workflow, they stay too. Without \`--update\`, the settings come from the host's
settings file and from the options.

## If something is stuck

${page.href}lighthouse/reset.html takes away all that the site has installed in a browser.

## Who can do what

${keySite === undefined ? oneOrigin(page) : twoOrigins(page, keySite)}
`;
}

/** Whether a site shares its origin with others: those of one account at github.io do. */
export function isSharedOrigin({ hostname, pathname }: URL): boolean {
  return hostname.endsWith(".github.io") || pathname !== "/";
}

function oneOrigin(page: URL): string {
  const { origin } = page;
  const shared = isSharedOrigin(page)
    ? `
Every other page at this origin can do the same: at github.io, all projects of one account are one origin.
Publish nothing there that you do not trust, or give this site a domain of its own.

`
    : "";
  return `This site is in **one-origin mode**: the app's pages, the key of the browser and the connection to the
laptop are at one origin, ${origin}. Browsers do not keep them apart. So the app's scripts, and
whatever they load, can

- use the browser's key, and reach **every service that this device may reach**, not only the app's own;
- read what other apps at this origin store in the browser;
- replace this site's page in the browser.

Show only apps here that you trust with all that.
${shared}\`lighthouse-host pair --for /path\` lets a device reach
one service only. In **two-origin mode** the key is at a second site, which lends each app streams to its own
service and nothing else: ${DOCS} says how.`;
}

function twoOrigins({ origin }: URL, keySite: string): string {
  return `This site is in **two-origin mode**: the key of the browser, the connection to the laptop, and the list of
the apps that may use them are at ${keySite}, which this site opens in a hidden frame. The app's scripts can
do everything at ${origin}, and reach the service that the key's site allows to this origin. They
reach neither the key nor other services. Apps that share this origin share what it may do.`;
}

/** The README of a key's site. */
export function formatKeyReadme({ apps }: KeySiteOptions): string {
  const lines = apps.map(({ page, service }) => `- ${page.origin} reaches ${service}`);
  return `# The key's site

\`lighthouse-host site --key\` has written this folder. Apps on other origins open it in a hidden frame. It
holds the browser's keys and the connection to the laptop, and lends each app streams to its one service:

${lines.join("\n")}

Publish it at an origin with nothing else on it: whatever runs there can use the keys. The stack's
\`allowedOrigins\` must name that origin, and need not name those of the apps. \`404.html\` and a
service worker are not needed. \`.github/workflows/pages.yml\` publishes it with GitHub Pages.

    lighthouse-host site --update .

writes the files of the program's version. To change the apps, run \`lighthouse-host site --key\` again with
all of them.
`;
}
