// Writes the folder of a site in app mode: static files that any server can serve.
import { hash } from "node:crypto";
import { DEFAULT_ICONS, type Icon } from "./icons.ts";
import type { SiteOptions } from "./site_options.ts";
import { formatReadme } from "./readme.ts";
import { formatPage } from "./site_page.ts";
import { PROGRAM, readBuilt, readWorker, readWorkflow, versionOf, WORKFLOW } from "./site_files.ts";
import { openSiteFolder, type SiteFiles, writeFolder, type WrittenSite } from "./site_folder.ts";
import { formatManifest } from "./web_manifest.ts";

export type { SiteOptions } from "./site_options.ts";

/**
 * Writes the site, or brings it up to date.
 *
 * @param folder Made if it is missing.
 * @throws {LighthouseError} `bad-config` if the folder is not one for this site.
 */
export async function writeSite(folder: string, options: SiteOptions): Promise<WrittenSite> {
  const before = await openSiteFolder(folder, "app");
  const { files, version } = await composeSite(options);
  const { page, icons = [], ...others } = options;
  const recorded = {
    page: page.href,
    ...others,
    icons: icons.map(({ bytes: _, ...icon }) => icon),
  };
  const record = { kind: "app" as const, by: PROGRAM, version, options: recorded };
  return await writeFolder(folder, files, record, before);
}

/** All files of a site, by path, and its version. */
export async function composeSite(
  options: SiteOptions,
): Promise<{ files: SiteFiles; version: string }> {
  const { icons: own = [], page, service, name } = options;
  const icons: Icon[] = own.length > 0 ? own : DEFAULT_ICONS;
  const files = new Map<string, Uint8Array>();
  const add = (path: string, text: string) => files.set(path, Buffer.from(text));
  const shell = await readBuilt("app/");
  const reset = await readBuilt("reset/");
  for (const [file, bytes] of [...shell, ...reset]) files.set(`lighthouse/${file}`, bytes);
  const defaults = own.length > 0 ? new Map() : await readBuilt("icons/");
  for (const { path, bytes } of own) files.set(path, bytes);
  for (const [file, bytes] of defaults) files.set(`lighthouse/${file}`, bytes);
  add("lighthouse/manifest.webmanifest", formatManifest({ page, name, icons }));
  const html = formatPage(options, icons);
  add("index.html", html);
  // Static hosts answer deep links with this page.
  add("404.html", html);

  const worker = await readWorker();
  const version = versionOf([...files.values(), worker]);
  // What a visit without a network needs. Browsers fetch the manifest and its icons by themselves.
  const offline = [
    "index.html",
    ...[...shell, ...reset].map(([file]) => `lighthouse/${file}`),
    ...icons.slice(0, 1).map(({ path }) => path),
  ];
  const hashes = Object.fromEntries(
    offline.map((path) => [path, hash("sha256", files.get(path)!, "hex")]),
  );
  const config = JSON.stringify({ version, files: offline, hashes, service });
  files.set("sw.js", Buffer.concat([Buffer.from(`self.lighthouseSite = ${config};\n`), worker]));
  add(".nojekyll", "");
  add("README.md", formatReadme(options));
  files.set(WORKFLOW, await readWorkflow());
  return { files, version };
}
