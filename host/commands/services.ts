// `lighthouse-host services`: lists the services, and changes them in the settings file.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
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
import { type CommandState, openState } from "./state.ts";
import { readStatus } from "./status.ts";

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
  const given = status?.settings ?? file.settings;
  const found = hasServices(given) ? parseServices(given) : [];
  const seen = status?.services ?? await lookAt(found);
  if (json) return seen.forEach((each) => print(JSON.stringify(each)));
  if (seen.length === 0) {
    return print("There is no service yet: lighthouse-host services add /=http://127.0.0.1:5000");
  }
  for (const { service, isUp } of seen) {
    print(service + (isUp === false ? styleText("red", "  does not answer") : ""));
  }
}

async function add(text: string, { file, state }: CommandState, flags: Flags): Promise<void> {
  const [service] = parseServices({ service: [text] });
  const all = inFile(file.settings);
  const old = all.find(({ prefix }) => prefix === service!.prefix);
  await write([...all.filter((each) => each !== old), service!], file);
  const instead = old ? `, in place of ${formatService(old)}` : "";
  const result = { added: formatService(service!), replaced: old && formatService(old) };
  tell(flags, result, `Added ${formatService(service!)}${instead}`);
  await tellOfHost(state, flags, (taken) => taken.includes(formatSetting(service!)));
}

async function remove(prefix: string, { file, state }: CommandState, flags: Flags): Promise<void> {
  const all = inFile(file.settings);
  const service = all.find((each) => each.prefix === prefix);
  if (!service) {
    const there = all.map((each) => each.prefix).join(", ") || "none";
    throw badSetting(`${file.path} has no service at ${prefix}. There is: ${there}`);
  }
  if (all.length === 1) {
    throw badSetting(`${prefix} is the only service. Add another one before, or stop the host`);
  }
  await write(all.filter((each) => each !== service), file);
  const result = { removed: formatService(service) };
  tell(flags, result, `Removed ${formatService(service)}`);
  await tellOfHost(state, flags, (taken) => !taken.includes(formatSetting(service)));
}

function inFile(settings: Settings): ServiceConfig[] {
  return hasServices(settings) ? parseServices(settings) : [];
}

async function write(all: ServiceConfig[], file: CommandState["file"]): Promise<void> {
  await editConfigFile(file, { backend: undefined, service: all.map(formatSetting) });
}

/** Waits until a running host has taken over the change. */
async function tellOfHost(
  state: string,
  flags: Flags,
  hasTaken: (services: string[]) => boolean,
): Promise<void> {
  const deadline = Date.now() + TAKE_MS;
  for (;;) {
    const status = await readStatus(state);
    if (!status) return;
    const isTaken = hasTaken(status.settings.service ?? []);
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

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
