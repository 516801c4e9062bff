// Writes the folder of a site in app mode: static files that any server can serve.
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The built files of components/, which `npm run build` puts beside the program. */
const BUILT = new URL("../../host/dist/site/", import.meta.url);

/** What a site connects to, and what it shows. */
export interface SiteOptions {
  /** Where it is to be served: its path is the worker's scope. */
  page: URL;
  /** Values of the element's attributes; undefined leaves one out. */
  attributes: Record<string, string | undefined>;
  /** The service's prefix to which the site's root leads; null if services keep their own paths. */
  service: string | null;
  /** The app's name. */
  name: string;
}

/** Writes the site. @param folder Made if it is missing. */
export async function writeSite(folder: string, options: SiteOptions): Promise<void> {
  const own = join(folder, "lighthouse");
  await mkdir(own, { recursive: true });
  const built = (await readdir(BUILT)).filter((name) => name !== "lighthouse-worker.js");
  for (const name of built) await cp(new URL(name, BUILT), join(own, name));
  const worker = await readFile(new URL("lighthouse-worker.js", BUILT), "utf8");
  const page = formatPage(options);
  for (const name of ["index.html", "404.html"]) await writeFile(join(folder, name), page);
  const files = ["index.html", ...built.map((name) => `lighthouse/${name}`)];
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name))));
  const version = createHash("sha256").update(Buffer.concat(texts)).update(worker)
    .digest("hex").slice(0, 12);
  const config = JSON.stringify({ version, files, service: options.service });
  await writeFile(join(folder, "sw.js"), `self.lighthouseSite = ${config};\n${worker}`);
}

function formatPage({ page, attributes, service, name }: SiteOptions): string {
  const base = page.pathname;
  const connect = ["relay", "registry"].flatMap((each) => attributes[each] ?? [])
    .map((url) => new URL(url).origin).join(" ");
  const frames = [page.origin + base, attributes["key-site"] ?? []].flat().join(" ");
  const policy = `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; ` +
    `img-src 'self' data: blob:; manifest-src 'self'; worker-src 'self'; ` +
    `connect-src 'self' ${connect}; frame-src ${frames}; base-uri 'none'; form-action 'none'`;
  const element = Object.entries({ ...attributes, worker: `${base}sw.js` })
    .flatMap(([name, value]) => value === undefined ? [] : `${name}="${escape(value)}"`).join(" ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="lighthouse-scope" content="${escape(base)}">
<meta name="lighthouse-service" content="${escape(service ?? "")}">
<meta name="application-name" content="${escape(name)}">
<title>${escape(name)}</title>
<script type="module" src="${escape(base)}lighthouse/shell.js"></script>
</head>
<body>
<lighthouse-tunnel ${element}></lighthouse-tunnel>
<noscript>This page needs JavaScript to reach your laptop.</noscript>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
