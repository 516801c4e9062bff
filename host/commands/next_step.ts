// `lighthouse-host` without a command, at a terminal: how the host is, and the next step.
import process from "node:process";
import { calledAs } from "../cli/program.ts";
import { hasServices } from "../config/service_config.ts";
import { mergeSettings } from "../config/read_settings.ts";
import type { Settings } from "../config/settings.ts";
import type { HostStatus } from "../control/status.ts";
import { columnsOf, wrap } from "../platform/layout.ts";
import { findUnit } from "../platform/service_manager.ts";
import { line, paint, type Painted, print } from "../platform/terminal.ts";
import { openStateAnyway } from "./state.ts";
import { readStatus, summarize } from "./status.ts";

/** A step: why, and the command lines, without the program's name. */
interface Step {
  why: string | Painted;
  commands: string[];
}

/** Prints the next steps. */
export async function printNextSteps(): Promise<void> {
  const { file, state, trouble } = await openStateAnyway({});
  const status = await readStatus(state);
  const settings = mergeSettings({}, process.env, file.settings);
  const steps = status
    ? stepsOf(status)
    : trouble
    ? [{ why: `Correct ${file.path}. This checks it:`, commands: ["doctor"] }]
    : await stepsWithout(settings);
  const help = { why: "All commands:", commands: ["help"] };
  for (const { why, commands } of [...steps, help]) {
    print(wrap(why, columnsOf()));
    for (const command of commands) print(line`  ${paint("bold", `${calledAs()} ${command}`)}`);
    print("");
  }
}

/** With a host that runs. */
function stepsOf(status: HostStatus): Step[] {
  const { phase, devices, pages } = status;
  const how = line`${summarize(status)}\nDevices paired: ${devices}, pages connected: ${pages}`;
  if (phase !== "online") return [{ why: line`${how}\nLook why:`, commands: ["doctor", "logs"] }];
  if (devices > 0 || status.public.length > 0) {
    return [{ why: line`${how}\nMore:`, commands: ["status", "devices"] }];
  }
  return [{ why: line`${how}\nLet a device in:`, commands: ["pair"] }];
}

/** Without one. */
async function stepsWithout(settings: Settings): Promise<Step[]> {
  if (settings.relay === undefined) {
    return [
      {
        why: "Nothing is set up yet. Try it with an app on this machine, without an account:",
        commands: ["dev 3000"],
      },
      {
        why: "Set it up with your AWS account, as docs/deploy.md explains:",
        commands: ["setup"],
      },
    ];
  }
  const add = { why: "Say which backend pages reach:", commands: ["services add 3000"] };
  if (!hasServices(settings)) return [add];
  const found = await findUnit();
  if (found) {
    return [{
      why: "The system service is installed, and does not run. Look why, or start it anew:",
      commands: ["doctor", "install"],
    }];
  }
  return [
    { why: "The host is set up, and does not run. Start it:", commands: ["run"] },
    { why: "Or have it start by itself, as a system service:", commands: ["install"] },
  ];
}
