// Writes the folder of a key's site: one page and its script, for the hidden frame of apps on other
// origins. It has no service worker, so the next visit gets whatever was published last.
import { badSetting, parsePrefixes } from "../config/setting_parsers.ts";
import { escapeHtml } from "./html.ts";
import { formatKeyReadme } from "./readme.ts";
import { openSiteFolder, writeFolder, type WrittenSite } from "./site_folder.ts";
import type { KeyApp, KeySiteOptions } from "./site_options.ts";
import { PROGRAM, readBuilt, readWorkflow, versionOf, WORKFLOW } from "./site_files.ts";

export type { KeyApp, KeySiteOptions } from "./site_options.ts";

/**
 * Parses the values of `--app`, such as `https://a.example/=/notes`.
 *
 * @param texts One for each app.
 * @throws {LighthouseError} `bad-config`; also for two apps of one origin, since each could then use what
 * the other may.
 */
export function parseKeyApps(texts: string[]): KeyApp[] {
  const apps = texts.map((text) => {
    const [, page = "", service = "/"] = /^(.*?)(?:=(\/[^=]*))?$/s.exec(text)!;
    const url = URL.parse(page);
    if (!url || !["https:", "http:"].includes(url.protocol)) {
      throw badSetting(`--app ${text} is not a site and its service: https://a.example/=/notes`);
    }
    const [prefix] = service === "/" ? ["/"] : parsePrefixes([service], "--app");
    return { page: url, service: prefix! };
  });
  const origins = apps.map(({ page }) => page.origin);
  const twice = origins.find((origin, index) => origins.indexOf(origin) !== index);
  if (twice !== undefined) {
    throw badSetting(
      `--app names ${twice} twice: apps of one origin can do what each other can. ` +
        "Give each an origin of its own",
    );
  }
  return apps;
}

/**
 * Writes the site, or brings it up to date.
 *
 * @param folder Made if it is missing.
 * @throws {LighthouseError} `bad-config` if the folder is not one for this site.
 */
export async function writeKeySite(folder: string, options: KeySiteOptions): Promise<WrittenSite> {
  const before = await openSiteFolder(folder, "key");
  const files = new Map<string, Uint8Array>();
  for (const [file, bytes] of await readBuilt("key/")) files.set(file, bytes);
  files.set("index.html", Buffer.from(formatKeyPage(options)));
  const version = versionOf([...files.values()]);
  files.set(".nojekyll", Buffer.from(""));
  files.set("README.md", Buffer.from(formatKeyReadme(options)));
  files.set(WORKFLOW, await readWorkflow());
  const { attributes, apps } = options;
  const recorded = {
    attributes,
    apps: apps.map(({ page, service }) => ({ page: page.href, service })),
  };
  const record = { kind: "key" as const, by: PROGRAM, version, options: recorded };
  return await writeFolder(folder, files, record, before);
}

/** The page, whose script reads all settings from it. */
function formatKeyPage({ attributes, apps }: KeySiteOptions): string {
  const connect = ["relay", "registry"].flatMap((each) => attributes[each] ?? [])
    .map((url) => new URL(url).origin).join(" ");
  // `https:` is for WebTransport: the host's addresses are not known when the page is made.
  const policy = `default-src 'none'; script-src 'self'; connect-src ${connect} https:; ` +
    "base-uri 'none'; form-action 'none'";
  const config = {
    attributes,
    apps: apps.map(({ page, service }) => ({ origin: page.origin, service })),
  };
  const links = apps.map(({ page }) =>
    `<li><a href="${escapeHtml(page.href)}">${escapeHtml(page.href)}</a>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="lighthouse-key" content="${escapeHtml(JSON.stringify(config))}">
<title>Lighthouse keys</title>
<script type="module" src="key.js"></script>
</head>
<body>
<main>
<h1>Lighthouse keys</h1>
<p>This site holds the keys for these apps, in a frame that they open. Open an app:</p>
<ul>
${links.join("\n")}
</ul>
</main>
</body>
</html>
`;
}
