// Writes the folder of a key's site: one page and its script, for the hidden frame of apps on other
// origins. It has no service worker, so the next visit gets whatever was published last.
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { badSetting, parsePrefixes } from "../config/setting_parsers.ts";

/** The page's script, which `npm run build` puts beside the program. */
const SCRIPT = new URL("../../host/dist/site/key.js", import.meta.url);

/** An app that may use the key. */
export interface KeyApp {
  /** Its site. The origin of this is what counts: apps of one origin cannot be told apart. */
  page: URL;
  /** The prefix of the one service that it may reach: `/`, or such as `/notes`. */
  service: string;
}

/** What a key's site connects to, and for whom. */
export interface KeySiteOptions {
  /** Values of the element's attributes; undefined leaves one out. */
  attributes: Record<string, string | undefined>;
  apps: KeyApp[];
}

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

/** Writes the site. @param folder Made if it is missing. */
export async function writeKeySite(folder: string, options: KeySiteOptions): Promise<void> {
  await mkdir(folder, { recursive: true });
  await cp(SCRIPT, join(folder, "key.js"));
  await writeFile(join(folder, "index.html"), formatKeyPage(options));
}

/** The page, whose script reads all settings from it. */
function formatKeyPage({ attributes, apps }: KeySiteOptions): string {
  const connect = ["relay", "registry"].flatMap((each) => attributes[each] ?? [])
    .map((url) => new URL(url).origin).join(" ");
  const policy = `default-src 'none'; script-src 'self'; connect-src ${connect}; ` +
    "base-uri 'none'; form-action 'none'";
  const config = {
    attributes,
    apps: apps.map(({ page, service }) => ({ origin: page.origin, service })),
  };
  const links = apps.map(({ page }) =>
    `<li><a href="${escape(page.href)}">${escape(page.href)}</a>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="lighthouse-key" content="${escape(JSON.stringify(config))}">
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

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
