// The words for which a completion script asks the program.
import { devicesFolder, readDevices } from "../../access/devices.ts";
import type { Settings } from "../../config/settings.ts";
import { openStateAnyway } from "../../commands/state.ts";
import process from "node:process";
import { UNSAFE } from "../../platform/terminal.ts";

/** The names of the devices, or the paths of the services. Trouble gives fewer words, and no message. */
export async function wordsFor(what: "devices" | "services", flags: Settings): Promise<string[]> {
  const { file, state } = await openStateAnyway(flags, process.env, () => {});
  const words = what === "devices"
    ? readDevices(devicesFolder(state)).filter(({ revoked }) => revoked === undefined)
      .map(({ name }) => name)
    : pathsOf(file.settings);
  return words.filter((word) => word.search(UNSAFE) < 0);
}

function pathsOf({ backend, service = [] }: Settings): string[] {
  const paths = service.map((text) => text.slice(0, text.indexOf("=")));
  return backend ? ["/", ...paths] : paths;
}
