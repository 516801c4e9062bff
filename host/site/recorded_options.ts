// Reads what a site was written with, from its record.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asRecord, asString } from "../../wire/mod.ts";
import { badSetting } from "../config/setting_parsers.ts";
import type { OwnIcon } from "./icons.ts";
import { parseKeyApps } from "./key_site.ts";
import { RECORD } from "./site_record.ts";
import type { KeySiteOptions, SiteOptions } from "./site_options.ts";

/** Longest text of a record. */
const MAX_TEXT = 4096;

/**
 * Reads the options of an app's site, with its own icons, which are in its folder.
 *
 * @throws {LighthouseError} `bad-config` with what is wrong.
 */
export async function readAppOptions(folder: string, value: unknown): Promise<SiteOptions> {
  const options = parse(folder, () => {
    const { page, attributes, service, name, icons } = asRecord(value, "options");
    if (!Array.isArray(icons)) throw new TypeError("options.icons is not a list");
    return {
      page: new URL(asString(page, "page", MAX_TEXT)),
      attributes: parseAttributes(attributes),
      service: service === null ? null : asString(service, "service", MAX_TEXT),
      name: asString(name, "name", MAX_TEXT),
      icons: icons.map(parseIcon),
    };
  });
  const icons = await Promise.all(options.icons.map(async (icon): Promise<OwnIcon> => {
    const bytes = await readFile(join(folder, icon.path)).catch(() => {
      throw badSetting(`${icon.path} is missing in ${folder}: give the icon again, by --icon`);
    });
    return { ...icon, bytes };
  }));
  return { ...options, icons };
}

/** Reads the options of a key's site. @throws {LighthouseError} `bad-config` with what is wrong. */
export function readKeyOptions(folder: string, value: unknown): KeySiteOptions {
  return parse(folder, () => {
    const { attributes, apps } = asRecord(value, "options");
    if (!Array.isArray(apps)) throw new TypeError("options.apps is not a list");
    return { attributes: parseAttributes(attributes), apps: parseKeyApps(apps.map(formatApp)) };
  });
}

function formatApp(value: unknown): string {
  const { page, service } = asRecord(value, "app");
  return `${asString(page, "page", MAX_TEXT)}=${asString(service, "service", MAX_TEXT)}`;
}

function parseAttributes(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asRecord(value, "attributes"))
      .map(([name, text]) => [name, asString(text, name, MAX_TEXT)]),
  );
}

function parseIcon(value: unknown): Omit<OwnIcon, "bytes"> {
  const { path, type, sizes, isApple } = asRecord(value, "icon");
  const at = asString(path, "path", MAX_TEXT);
  if (!/^lighthouse\/icon[\w-]*\.(?:png|svg)$/.test(at)) throw new TypeError(`${at} is no icon`);
  if (type !== "image/png" && type !== "image/svg+xml") throw new TypeError("type is no icon's");
  return { path: at, type, sizes: asString(sizes, "sizes", 32), isApple: isApple === true };
}

function parse<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badSetting(
      `${join(folder, RECORD)} is not as this program writes it: ${(error as Error).message}. ` +
        "Restore it from version control, or write the site to a new folder",
    );
  }
}
