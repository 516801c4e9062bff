// What the host's owner writes: settings, their file, the command line, a stack's outputs.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { parseCommandLine } from "../../../host/cli/parse.ts";
import { UsageError } from "../../../host/cli/usage_error.ts";
import { parseConfig } from "../../../host/config/config.ts";
import { readConfigFile } from "../../../host/config/config_file.ts";
import { SETTINGS, type Settings } from "../../../host/config/settings.ts";
import { parseOutputs } from "../../../host/config/stack_outputs.ts";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import type { Draw } from "../draw.ts";
import { orRefused, orRejected, type Target } from "../target.ts";

const NAMES = Object.keys(SETTINGS);
const VALUES = [
  "wss://abc.example/prod",
  "http://127.0.0.1:5000",
  "/notes=http://127.0.0.1:5000 as=proxy",
  "/files=/tmp",
  "unix:/run/app.sock",
  "3000",
  "stun:stun.example:19302",
  "none",
  "s3",
  "info",
  "/",
];

/** A setting's value as a command line or a variable has it. */
function valueOf(draw: Draw): string {
  return draw.chance(0.5) ? draw.pick(VALUES) : draw.mutateText(draw.pick(VALUES));
}

export const settings: Target = {
  name: "settings",
  invariant:
    "Settings from flags, variables and file are refused with bad-config, or make services.",
  start: () => (draw) => {
    const flags: Record<string, string | string[]> = {};
    if (draw.chance(0.9)) flags.relay = VALUES[0]!;
    for (const name of draw.list(4, () => draw.pick(NAMES))) {
      const { kind } = SETTINGS[name as keyof typeof SETTINGS] as { kind?: string };
      const isList = kind === "list" || name === "service" || name === "public";
      flags[name] = isList ? draw.list(2, () => valueOf(draw)) : valueOf(draw);
    }
    const variables = draw.list(2, () => {
      return [`LIGHTHOUSE_${draw.pick(NAMES).toUpperCase().replaceAll("-", "_")}`, valueOf(draw)];
    });
    const environment = Object.fromEntries(variables);
    const config = orRefused(() => parseConfig(flags as Settings, environment), "bad-config");
    if (config) assert.ok(config.services.length > 0);
  },
};

export const settingsFile: Target = {
  name: "settings-file",
  invariant: "A settings file is refused with bad-config, or read into settings that exist.",
  start() {
    const path = join(temporaryFolder(), "config.json");
    const text =
      '{\n  // where\n  "relay": "wss://abc.example/prod", "service": ["/a=3000"], "stun": "none",\n}';
    return async (draw) => {
      writeFileSync(path, draw.chance(0.7) ? draw.mutateText(text) : JSON.stringify(draw.json()));
      const file = await orRejected(readConfigFile(path), "bad-config");
      for (const name of Object.keys(file?.settings ?? {})) assert.ok(NAMES.includes(name), name);
      if (file) orRefused(() => parseConfig({}, {}, file.settings), "bad-config");
    };
  },
};

export const commandLine: Target = {
  name: "command-line",
  invariant: "A command line is refused with how it should be, or names a command.",
  start: () => (draw) => {
    const words = [
      "run",
      "pair",
      "devices",
      "revoke",
      "help",
      "--json",
      "--relay",
      "--no-wait",
      "-h",
    ];
    const args = draw.list(6, () => draw.chance(0.7) ? draw.pick(words) : draw.text(12));
    try {
      assert.type(parseCommandLine(args).command.run, "function");
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  },
};

export const stackOutputs: Target = {
  name: "stack-outputs",
  invariant:
    "A stack's outputs are refused with bad-config, or name a relay and a function by text.",
  start() {
    const outputs = {
      webSocketUrl: "wss://abc.example/prod",
      functionName: "SignalingRelay",
      region: "us-east-1",
      registry: "s3",
      bucket: "b",
      hosts: { laptop: { policyArn: "arn:aws:iam::1:policy/p" } },
    };
    return (draw) => {
      const text = JSON.stringify(draw.mutateJson(outputs)) ?? "";
      const changed = draw.chance(0.8) ? text : draw.mutateText(text);
      const read = orRefused(() => parseOutputs(changed), "bad-config");
      if (!read) return;
      const { settings, hosts } = read;
      for (const name of ["relay", "function", "region"] as const) {
        assert.type(settings[name], "string");
      }
      for (const policy of hosts.values()) assert.type(policy, "string");
    };
  },
};
