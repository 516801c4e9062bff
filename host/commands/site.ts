// `lighthouse-host site`: writes the folder of a static site, ready to publish.
import { resolve } from "node:path";
import process from "node:process";
import { formatStunServers, toBase64url } from "../../wire/mod.ts";
import { readIdentity } from "../access/host_key.ts";
import { parseBridge, parsePage } from "../config/config.ts";
import { mergeSettings, parseSetting } from "../config/read_settings.ts";
import { parseServices } from "../config/service_config.ts";
import { badSetting, isPrefix, isSecurePage } from "../config/setting_parsers.ts";
import type { Settings } from "../config/settings.ts";
import { readIcons } from "../site/icons.ts";
import { type KeySiteOptions, parseKeyApps, writeKeySite } from "../site/key_site.ts";
import { isSharedOrigin } from "../site/readme.ts";
import { readAppOptions, readKeyOptions } from "../site/recorded_options.ts";
import { openSiteFolder, type WrittenSite } from "../site/site_folder.ts";
import { type SiteOptions, writeSite } from "../site/write_site.ts";
import { print } from "../platform/terminal.ts";
import { openState } from "./state.ts";

/** The flags of `site`, and the settings. */
export interface SiteFlags extends Settings {
  name?: string;
  /** Files of icons. */
  icon?: string[];
  /** Whether to keep what the site was written with, apart from what the flags say. */
  update?: boolean;
  /** Whether to write a key's site. */
  key?: boolean;
  /** The apps of a key's site. */
  app?: string[];
  /** The page of the key's site. */
  "key-site"?: string;
  /** Whether its page may use the relay already, and a device is about to pair. @default false */
  isReady?: boolean;
  json: boolean;
}

/** Errors of the file system that another folder would mend. */
const ABOUT_FOLDERS = [
  "EACCES",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOTDIR",
  "EPERM",
  "EROFS",
];

/** Longest name of an app. */
const MAX_NAME = 60;

/**
 * Writes the folder, or brings it up to date.
 *
 * @throws {LighthouseError} `bad-config`.
 */
export async function site(folder: string, flags: SiteFlags): Promise<void> {
  try {
    await write(folder, flags);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (!ABOUT_FOLDERS.includes(code)) throw error;
    throw badSetting(
      `${folder} cannot be read or written: ${message}. Name a folder that is yours, or a new one in it`,
    );
  }
}

async function write(folder: string, flags: SiteFlags): Promise<void> {
  const before = await openSiteFolder(folder);
  if (flags.update && !before) {
    throw badSetting(`${folder} holds no site yet: leave --update out to write one`);
  }
  const kind = flags.key || (flags.update && before?.kind === "key") ? "key" : "app";
  checkFlags(kind, flags);
  const recorded = before?.kind === kind ? before.options : undefined;
  if (kind === "key") {
    const old = recorded === undefined ? undefined : readKeyOptions(folder, recorded);
    const options = await keyOptions(flags, old);
    return tell(folder, flags, options, await writeKeySite(folder, options));
  }
  const old = recorded === undefined ? undefined : await readAppOptions(folder, recorded);
  const options = await appOptions(flags, old);
  tell(folder, flags, options, await writeSite(folder, options));
}

/** @throws {LighthouseError} If a flag is for the other kind of site. */
function checkFlags(kind: "app" | "key", flags: SiteFlags): void {
  const others = kind === "key"
    ? ["page", "service", "name", "icon", "key-site"] as const
    : ["app"] as const;
  const wrong = others.find((name) => flags[name] !== undefined);
  if (wrong === undefined) return;
  throw badSetting(
    kind === "key"
      ? `--${wrong} is for an app's site, not for a key's`
      : `--${wrong} is for a key's site: add --key`,
  );
}

async function appOptions(flags: SiteFlags, before: SiteOptions | undefined): Promise<SiteOptions> {
  const { settings } = await readSettings(flags);
  const keeps = flags.update ? before : undefined;
  const page = folderOf(
    flags.page ? parsePage(flags)! : keeps?.page ?? parsePage(settings) ?? before?.page,
  );
  const services = servicesOf(settings);
  const service = serviceOf(flags, keeps, before, services.map(({ prefix }) => prefix));
  const named = services.find(({ prefix }) => prefix === service);
  const ofService = named && "name" in named ? named.name : undefined;
  const name = parseName(flags.name) ?? before?.name ?? ofService ?? nameOf(service);
  const icons = flags.icon ? await readIcons(flags.icon) : before?.icons ?? [];
  const attributes = await attributesOf(flags, keeps, page);
  if (attributes["key-site"] !== undefined && service === null) {
    throw badSetting("--service is missing: a key's site lends one service to each app");
  }
  return { page, attributes, service, name, icons };
}

async function attributesOf(
  flags: SiteFlags,
  keeps: SiteOptions | undefined,
  page: URL,
): Promise<SiteOptions["attributes"]> {
  const keySite = flags["key-site"];
  if (keySite === undefined) return await bridgeAttributes(flags, keeps?.attributes);
  const url = URL.parse(keySite);
  if (!url || !["https:", "http:"].includes(url.protocol) || url.search || url.hash) {
    throw badSetting(`--key-site is not a URL such as https://keys.example/: ${keySite}`);
  }
  if (url.origin === page.origin) {
    throw badSetting(
      `--key-site ${keySite} is of the app's own origin, from which it would keep nothing. ` +
        "Publish the key's site at another one",
    );
  }
  return { "key-site": url.href };
}

async function keyOptions(
  flags: SiteFlags,
  before: KeySiteOptions | undefined,
): Promise<KeySiteOptions> {
  const apps = flags.app ? parseKeyApps(flags.app) : before?.apps;
  if (!apps) {
    throw badSetting("--app is missing: name each app, as in --app https://a.example/=/notes");
  }
  const attributes = await bridgeAttributes(flags, flags.update ? before?.attributes : undefined);
  return { attributes, apps };
}

/** The attributes by which a page finds this host. */
async function bridgeAttributes(
  flags: SiteFlags,
  keeps: SiteOptions["attributes"] | undefined,
): Promise<SiteOptions["attributes"]> {
  const isNew = flags.relay !== undefined || flags.stun !== undefined;
  if (keeps && !isNew) return keeps;
  const { settings, state } = await readSettings(flags);
  const stun = settings.stun === undefined ? undefined : parseSetting("stun", settings);
  const own = {
    "relay": flags.relay === undefined ? keeps?.relay : undefined,
    "stun": flags.stun === undefined ? keeps?.stun : undefined,
  };
  const { relay, registry } = parseBridge({ ...settings, relay: own.relay ?? settings.relay });
  const { publicKey } = await readIdentity(state);
  return {
    "relay": relay.href,
    "host": registry.host,
    "host-key": keeps?.["host-key"] ?? toBase64url(publicKey),
    "stun": own.stun ?? (stun && formatStunServers(stun.iceServers)),
  };
}

async function readSettings(flags: SiteFlags): Promise<{ settings: Settings; state: string }> {
  const { relay, stun, page, state } = flags;
  const opened = await openState({ state });
  const settings = mergeSettings({ relay, stun, page }, process.env, opened.file.settings);
  return { settings, state: opened.state };
}

/** The services of the settings; none if one of them is wrong now, such as a folder that is gone. */
function servicesOf(settings: Settings) {
  try {
    return parseServices(settings, process.env);
  } catch {
    return [];
  }
}

function serviceOf(
  { service }: SiteFlags,
  keeps: SiteOptions | undefined,
  before: SiteOptions | undefined,
  known: string[],
): string | null {
  if (service !== undefined) {
    const [prefix, ...more] = service;
    if (more.length > 0) {
      throw badSetting("--service names more than one: a site shows one, or all");
    }
    if (!isPrefix(prefix!)) {
      throw badSetting(`--service ${prefix} is not the path of a service, such as /notes`);
    }
    if (known.length > 0 && !known.includes(prefix!)) {
      throw badSetting(
        `--service ${prefix} is no service of this host. There is: ${known.join(", ")}`,
      );
    }
    return prefix!;
  }
  if (keeps) return keeps.service;
  if (before) return before.service;
  return known.length === 1 ? known[0]! : null;
}

/** The folder that a page is in. @throws {LighthouseError} If there is none, or browsers would refuse it. */
function folderOf(page: URL | undefined): URL {
  if (!page) {
    throw badSetting(
      "--page is missing: name where the site will be, such as --page https://me.github.io/notes/",
    );
  }
  if (!isSecurePage(page)) {
    throw badSetting(`--page ${page.href} is not https: browsers keep keys and workers from it`);
  }
  const url = new URL(page.href);
  url.pathname = url.pathname.replace(/\/(?:index|404)\.html$/, "/");
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  if (/^\/(?:.*\/)?lighthouse\/$/.test(url.pathname)) {
    throw badSetting(`--page ${page.href} ends with lighthouse/, which is the site's own folder`);
  }
  return url;
}

function parseName(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const name = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "").trim();
  if (name && name.length <= MAX_NAME) return name;
  throw badSetting(`--name is not a name of 1 to ${MAX_NAME} characters: ${text}`);
}

/** A service's name by its path: `/my-notes` is “My notes”. */
function nameOf(service: string | null): string {
  const words = (service ?? "/").split("/").at(-1)!.replaceAll(/[-_~.]+/g, " ").trim();
  return words ? words.charAt(0).toUpperCase() + words.slice(1) : "Lighthouse";
}

function tell(
  folder: string,
  { json, isReady }: SiteFlags,
  options: SiteOptions | KeySiteOptions,
  { version, written, removed, kept }: WrittenSite,
): void {
  const page = "page" in options ? options.page : undefined;
  if (json) {
    const place = { folder: resolve(folder), page: page?.href ?? null };
    return print(
      JSON.stringify({ event: "site-written", ...place, version, written, removed, kept }),
    );
  }
  const count = (paths: string[]) => `${paths.length} ${paths.length === 1 ? "file" : "files"}`;
  const also = removed.length > 0 ? `, and removed ${count(removed)} of an earlier version` : "";
  const hasChanged = written.length + removed.length > 0;
  print(
    hasChanged
      ? `Wrote ${count(written)} to ${folder}${also} (version ${version})`
      : `${folder} is up to date (version ${version})`,
  );
  for (const path of kept) print(`Left ${path} as you have changed it`);
  const steps = nextSteps(folder, options);
  if (hasChanged) { for (const line of isReady ? steps.slice(0, 2) : steps) print(line); }
}

function nextSteps(folder: string, options: SiteOptions | KeySiteOptions): string[] {
  if ("apps" in options) {
    const [first] = options.apps;
    return [
      "",
      `Next: publish ${folder} at an origin with nothing else on it. Its README.md says how.`,
      "  Let it use the relay: the stack's allowedOrigins must name that origin",
      `  Let the apps use it: lighthouse-host site FOLDER --page ${
        first!.page.href
      } --key-site URL`,
    ];
  }
  const { page, attributes, service } = options;
  const publish = ["", `Next: publish ${folder} at ${page.href}. Its README.md says how.`];
  const pair = `  Let a browser in: lighthouse-host pair --page ${page.href}`;
  // The app could take a link that is opened at its site, so that should give no more than the app has.
  if (attributes["key-site"] !== undefined) return [...publish, `${pair} --for ${service}`];
  const shared = isSharedOrigin(page) ? `. So can every other page at ${page.origin}` : "";
  return [
    ...publish,
    `  Let it use the relay: the stack's allowedOrigins must name ${page.origin}`,
    pair,
    "",
    "One-origin mode: the app's scripts can use the browser's key, for all services that the device may " +
    `reach${shared}. docs/site.md explains it, and the other mode`,
  ];
}
