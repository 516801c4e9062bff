// `lighthouse-host services`: lists the services, and changes them in the settings file.
import { setTimeout as sleep } from "node:timers/promises";
import { isAddress } from "../config/backend_address.ts";
import { editConfigFile } from "../config/config_file.ts";
import {
  formatService,
  formatSetting,
  hasServices,
  parseServices,
  type ServiceConfig,
} from "../config/service_config.ts";
import { badSetting } from "../config/setting_parsers.ts";
import type { Settings } from "../config/settings.ts";
import { lookAt } from "../control/look.ts";
import { print } from "../platform/terminal.ts";
import { type CommandState, openState } from "./state.ts";
import { formatSeen, readHostSettings, readStatus } from "./status.ts";

type Flags = Settings & { json: boolean };

/** Limit for a running host to take over a change, in milliseconds. */
const TAKE_MS = 8_000;

/**
 * Lists the services, or changes them.
 *
 * @param action `list`, `add` or `remove`; undefined for `list`.
 * @param text For `add`, a service in the form of `--service`; for `remove`, its path.
 * @throws {LighthouseError} `bad-config` if the change is not possible; the file is then unchanged.
 */
export async function services(
  action: string | undefined = "list",
  text: string | undefined,
  flags: Flags,
): Promise<void> {
  const opened = await openState(flags);
  if (action === "list" && text === undefined) return await list(opened, flags);
  if (action === "add" && text !== undefined) return await add(text, opened, flags);
  if (action === "remove" && text !== undefined) return await remove(text, opened, flags);
  throw badSetting("services takes list, add PATH=URL, add PATH=FOLDER or remove PATH");
}

async function list({ file, state }: CommandState, { json }: Flags): Promise<void> {
  const status = await readStatus(state);
  const seen = status?.services ?? await lookAt(servicesOf(file.settings));
  if (json) return seen.forEach((each) => print(JSON.stringify(each)));
  if (seen.length === 0) {
    return print("There is no service yet: lighthouse-host services add 3000");
  }
  for (const each of seen) print(formatSeen(each));
}

async function add(text: string, { file, state }: CommandState, flags: Flags): Promise<void> {
  const [service] = parseServices({ service: [hasNoPath(text) ? `/=${text}` : text] });
  const isOld = (each: string) => prefixOf(each) === service!.prefix;
  const [old] = textsOf(file.settings).filter(isOld).map(shownAs);
  const others = textsOf(file.settings).filter((each) => !isOld(each));
  const all = [...others, formatSetting(service!)];
  // The host would refuse the file for one wrong service.
  parseServices({ service: all });
  await write(all, file);
  const instead = old === undefined ? "" : `, in place of ${old}`;
  const result = { added: formatService(service!), replaced: old };
  tell(flags, result, `Added ${formatService(service!)}${instead}`);
  await tellOfHost(state, flags, (taken) => taken.includes(formatSetting(service!)));
}

async function remove(prefix: string, { file, state }: CommandState, flags: Flags): Promise<void> {
  const all = textsOf(file.settings);
  const text = all.find((each) => prefixOf(each) === prefix);
  if (text === undefined) {
    const there = all.map(prefixOf).join(", ") || "none";
    throw badSetting(`${file.path} has no service at ${prefix}. There is: ${there}`);
  }
  if (all.length === 1) {
    throw badSetting(`${prefix} is the only service. Add another one before, or stop the host`);
  }
  await write(all.filter((each) => each !== text), file);
  const shown = shownAs(text);
  tell(flags, { removed: shown }, `Removed ${shown}`);
  await tellOfHost(state, flags, (taken) => !taken.some((each) => prefixOf(each) === prefix));
}

/** Whether a text is only an address, or a folder's path that cannot be a service's. They mean `/`. */
function hasNoPath(text: string): boolean {
  return /^(?:\.{1,2}|~)(?:\/|$)/.test(text) || isAddress(text.trim().replace(/\s.*/s, ""));
}

function servicesOf(settings: Settings): ServiceConfig[] {
  return hasServices(settings) ? parseServices(settings) : [];
}

/** The services as they are in the file. */
function textsOf({ backend, service = [] }: Settings): string[] {
  return backend ? [`/=${backend}`, ...service] : service;
}

function prefixOf(text: string): string {
  return text.slice(0, text.indexOf("="));
}

/** A service in the form for people; only its path if it is wrong, as when its folder is gone. */
function shownAs(text: string): string {
  try {
    return formatService(parseServices({ service: [text] })[0]!);
  } catch {
    return prefixOf(text);
  }
}

async function write(service: string[], file: CommandState["file"]): Promise<void> {
  await editConfigFile(file, { backend: undefined, service });
}

/** Waits until a running host has taken over the change. */
async function tellOfHost(
  state: string,
  flags: Flags,
  hasTaken: (services: string[]) => boolean,
): Promise<void> {
  const deadline = Date.now() + TAKE_MS;
  for (;;) {
    const settings = await readHostSettings(state);
    if (!settings) return;
    const isTaken = hasTaken(settings.service ?? []);
    if (isTaken) return tell(flags, { taken: true }, "The host that runs has taken it over");
    if (Date.now() > deadline) break;
    await sleep(100);
  }
  tell(
    flags,
    { taken: false },
    "The host that runs has not: are its services from its command line? lighthouse-host logs says more",
  );
}

function tell({ json }: Flags, result: object, text: string): void {
  print(json ? JSON.stringify(result) : text);
}
