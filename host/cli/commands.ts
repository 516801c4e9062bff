// Each command of `lighthouse-host`, once. What a command needs is loaded when it is called: AWS's SDK
// and WebRTC take a quarter of a second that `devices` has no use for.
import type { FlagName } from "../config/settings.ts";
import type { Commands } from "./command.ts";

const BRIDGE: FlagName[] = [
  ...["relay", "backend", "service", "function", "registry", "bucket", "host"] as const,
  ...["region", "stun", "public"] as const,
];

const DEVICE = "DEVICE is a device's id, the beginning of it, or its name: devices lists them.";

/** All commands. */
export const COMMANDS: Commands = {
  init: {
    summary: "write the settings file from a stack's outputs, and check what the host needs",
    more: [
      "Reads what pulumi stack output --json prints, from a file or, with -, from standard input. The " +
      "options that are given besides are written too. Then it tries out, by real calls that register " +
      "nobody, the relay, the AWS credentials and each right that they need.",
    ],
    args: ["FILE|-"],
    flags: [...BRIDGE, "page"],
    examples: ["init - --backend http://127.0.0.1:5000"],
    async run({ settings, json }, [source]) {
      const { init } = await import("../commands/init.ts");
      return await init(source!, { ...settings, json });
    },
  },
  run: {
    summary: "connect pages with your backends, until Ctrl-C",
    more: [
      "What no option and no variable says comes from the settings file that init writes: " +
      "~/.config/lighthouse/config.json, on macOS ~/Library/Application Support/lighthouse/config.json. " +
      "AWS credentials are found as the AWS command line finds them.",
      "Only devices that were paired reach anything. While none is, run prints a pairing link at a " +
      "terminal.",
    ],
    flags: [...BRIDGE, "page", "inspect", "metrics", "log-level"],
    examples: [
      "run",
      "run --relay wss://… --backend http://127.0.0.1:5000",
      "run --relay wss://… --service /notes=http://127.0.0.1:5000/api --service /files=~/public",
    ],
    async run({ settings, json }) {
      const { run } = await import("../commands/run.ts");
      await run({ ...settings, json });
    },
  },
  status: {
    summary: "say how the host is that runs; exits with 0 when it is online",
    flags: [],
    async run({ settings, json }) {
      const { printStatus } = await import("../commands/status.ts");
      return await printStatus({ ...settings, json });
    },
  },
  logs: {
    summary: "print the last lines that the host has said",
    flags: ["follow", "lines"],
    examples: ["logs --follow"],
    async run({ settings, json, follow, lines }) {
      const { printLogs } = await import("../commands/status.ts");
      return await printLogs({ ...settings, json, follow, lines });
    },
  },
  doctor: {
    summary: "look at everything that the host needs, and say what to do where it is not well",
    more: [
      "Looks at the settings, the key, the clock, the backends, the network and its router, the relay, the AWS " +
      "rights, the service, and goes a page's way once where a host runs. It exits with 0 where " +
      "nothing is wrong.",
    ],
    flags: [...BRIDGE, "page"],
    async run({ settings, json }) {
      const { doctor } = await import("../commands/doctor.ts");
      return await doctor({ ...settings, json });
    },
  },
  pair: {
    summary: "let one device in: print a link, and a QR code of it",
    more: [
      "The link works once, within ten minutes. pair waits until the device is there, and Ctrl-C takes " +
      "the link back.",
    ],
    flags: ["name", "for", "page", "wait"],
    examples: ['pair --name "my phone" --for /notes --page https://me.github.io/notes/'],
    async run({ settings, ...flags }) {
      const { pair } = await import("../commands/pair.ts");
      return await pair({ ...settings, ...flags });
    },
  },
  devices: {
    summary: "list who is let in",
    flags: [],
    async run({ settings, json }) {
      const { listDevices } = await import("../commands/devices.ts");
      await listDevices({ ...settings, json });
    },
  },
  services: {
    summary: "list what pages reach, or change it in the settings file",
    more: [
      "A host that runs takes a change over at once, without dropping connections. FOLDER and URL are as " +
      "for --service.",
    ],
    args: ["[list|add|remove]", "[PATH|PATH=URL|PATH=FOLDER]"],
    flags: [],
    examples: [
      "services",
      "services add /notes=http://127.0.0.1:5000/api",
      "services remove /notes",
    ],
    async run({ settings, json }, [action, service]) {
      const { services } = await import("../commands/services.ts");
      await services(action, service, { ...settings, json });
    },
  },
  revoke: {
    summary: "end a device's connections at once, and let it in no more",
    more: [DEVICE],
    args: ["DEVICE"],
    flags: [],
    examples: ['revoke "my phone"'],
    async run({ settings, json }, [device]) {
      const { revoke } = await import("../commands/devices.ts");
      await revoke(device!, { ...settings, json });
    },
  },
  rename: {
    summary: "give a device another name",
    more: [DEVICE],
    args: ["DEVICE", "NAME"],
    flags: [],
    examples: ['rename "my phone" "old phone"'],
    async run({ settings, json }, [device, name]) {
      const { rename } = await import("../commands/devices.ts");
      await rename(device!, name!, { ...settings, json });
    },
  },
  key: {
    summary: "print this host's public key, for a page's attribute host-key",
    flags: [],
    async run({ settings, json }) {
      const { printKey } = await import("../commands/devices.ts");
      await printKey({ ...settings, json });
    },
  },
  cost: {
    summary: "say what the relay has cost this month, and would cost with more visitors",
    flags: [],
    async run({ settings, json }) {
      const { printCost } = await import("../commands/cost.ts");
      await printCost({ ...settings, json });
    },
  },
  install: {
    summary: "have the host run by itself, by systemd or launchd, from the settings file",
    more: [
      "Where it is a service already, it is started anew with this program. See docs/service.md.",
    ],
    flags: ["system", "print"],
    async run({ settings, ...flags }) {
      const { install } = await import("../commands/install.ts");
      return await install({ ...settings, ...flags });
    },
  },
  uninstall: {
    summary: "end that; settings, host key and devices stay",
    flags: ["system"],
    async run({ settings, ...flags }) {
      const { uninstall } = await import("../commands/install.ts");
      return await uninstall({ ...settings, ...flags });
    },
  },
  completion: {
    summary: "print a script by which a shell completes this command",
    args: ["bash|zsh|fish"],
    flags: [],
    examples: [
      "completion bash >> ~/.bashrc",
      "completion fish > ~/.config/fish/completions/lighthouse-host.fish",
    ],
    async run(_flags, [shell], commands) {
      const { printCompletion } = await import("./completion.ts");
      printCompletion(commands, shell!);
    },
  },
  version: {
    summary: "print the version",
    flags: [],
    async run() {
      const { printVersion } = await import("./help.ts");
      printVersion();
    },
  },
  help: {
    summary: "say what there is, or what a command does",
    args: ["[COMMAND]"],
    flags: [],
    async run(_flags, [command], commands) {
      const { printHelp } = await import("./help.ts");
      printHelp(commands, command);
    },
  },
};
