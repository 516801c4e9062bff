// The table of commands. A command's code is loaded when it is called: AWS's SDK and WebRTC take a
// quarter of a second, which `devices` does not need.
import { settingsOf } from "../config/settings.ts";
import type { Commands } from "./command.ts";

const DEVICE = "DEVICE is a device's id, the beginning of its id, or its name: devices lists them.";

const BACKENDS =
  "The URL of a backend may also be a port (5000, or localhost:5000/api) or a Unix socket " +
  "(unix:/run/app.sock:/api), and may have a user and password. Options follow it after spaces: as=proxy " +
  "tells the backend the page's site, ca=FILE names the authority of its certificate, insecure takes any " +
  "certificate, authorization=FILE logs in. docs/backends.md explains them.";

/** All commands. */
export const COMMANDS: Commands = {
  setup: {
    summary: "set everything up with your AWS account: relay, host, page and the first device",
    does: "set up",
    more: [
      "Asks for what no flag says. It checks the AWS credentials, gets Pulumi, shows what it will make and " +
      "what that costs, deploys it, writes the settings file and, if you like, a ready site, installs the " +
      "system service, and pairs the first device. This machine needs no AWS credentials afterwards.",
      "What has stopped it, such as Ctrl-C or a missing right, loses nothing: the same command goes on. " +
      "docs/deploy.md explains it.",
    ],
    flags: [
      ...settingsOf("setup"),
      "origin",
      "email",
      "site",
      "project",
      "pulumi-state",
      "install",
      "wait",
      "dry-run",
      "destroy",
      "yes",
    ],
    meanings: {
      page: { summary: "where your page will be; pages of its origin may use the relay" },
      region: { summary: "the AWS region for the relay" },
      function: { summary: "the name for the relay's Lambda" },
      host: { summary: "this host's name, where several share the relay" },
      origin: {
        summary: "a further origin whose pages may use the relay",
        otherwise: "only the page's",
      },
    },
    examples: [
      "setup",
      "setup --page https://me.github.io/notes/ --region eu-central-1 --backend 3000 --site ./notes --yes",
      "setup --dry-run",
      "setup --destroy",
    ],
    async run({ settings, ...flags }) {
      const { setup } = await import("../commands/setup.ts");
      return await setup({ ...settings, ...flags });
    },
  },
  init: {
    summary: "write the settings file from a stack's outputs, and check what the host needs",
    more: [
      "Reads the output of pulumi stack output --json from a file or, with -, from standard input. It also " +
      "writes the other options given. Then it checks the relay and, unless the registry is relay, the AWS " +
      "credentials and each right, by real calls that register nothing.",
    ],
    args: ["FILE|-"],
    flags: settingsOf("init"),
    examples: ["init - --backend http://127.0.0.1:5000", "init - --backend 5000"],
    async run({ settings, json }, [source]) {
      const { init } = await import("../commands/init.ts");
      return await init(source!, { ...settings, json });
    },
  },
  dev: {
    summary: "try an app through the tunnel on this machine, without an account",
    more: [
      "Runs a relay on this machine, the host, and a page that shows the app, and prints the link that " +
      "pairs a browser. BACKEND is a port, a URL or unix:SOCKET, and OPTIONs follow it: see run. FOLDER " +
      "holds files. Only this machine reaches it; with --lan, paired devices in its network do, too. The " +
      "settings file and the real host's devices do not count here.",
      "With --origin, pages of other servers reach the backend: dev prints the lines for them, and serves " +
      "the element's file. docs/dev.md explains it.",
    ],
    args: ["[BACKEND|FOLDER]", "[OPTION…]"],
    flags: ["backend", "service", "origin", "lan", "port", "inspect"],
    meanings: {
      backend: { otherwise: undefined, environment: undefined },
      service: { environment: undefined },
      inspect: {
        summary: "the port of the page that shows requests, at 127.0.0.1",
        otherwise: "any",
        environment: undefined,
      },
    },
    examples: [
      "dev 3000",
      "dev ./public",
      "dev 3000 --lan",
      "dev 8000 --origin http://localhost:5173",
      "dev --service /api=8000 --service /files=~/public",
    ],
    async run({ settings, json, origin, lan, port }, words) {
      const { dev } = await import("../commands/dev.ts");
      const target = words.length > 0 ? words.join(" ") : undefined;
      await dev(target, { ...settings, origin, lan, port, json });
    },
  },
  run: {
    summary: "connect pages with your backends, until Ctrl-C",
    more: [
      "Options take precedence over variables, and variables over the settings file that init writes: " +
      "~/.config/lighthouse/config.json, on macOS ~/Library/Application Support/lighthouse/config.json. " +
      "With the registry relay, the host needs no AWS credentials. With the others, they come from the " +
      "same places as for the AWS command line.",
      BACKENDS,
      "Only paired devices reach anything. Until the first device is paired, run prints a pairing link " +
      "at a terminal.",
    ],
    flags: settingsOf("run"),
    examples: [
      "run",
      "run --relay wss://… --backend http://127.0.0.1:5000",
      "run --relay wss://… --service /notes=http://127.0.0.1:5000/api --service /files=~/public",
      "run --relay wss://… --service '/ha=https://ha.local:8123 as=proxy insecure'",
      "run --relay wss://… --backend unix:/run/app.sock:/api",
    ],
    async run({ settings, json }) {
      const { run } = await import("../commands/run.ts");
      await run({ ...settings, json });
    },
  },
  status: {
    summary: "show the status of the running host; exits with 0 if it is online",
    does: "show the status",
    flags: [],
    async run({ settings, json }) {
      const { printStatus } = await import("../commands/status.ts");
      return await printStatus({ ...settings, json });
    },
  },
  logs: {
    summary: "print the last lines of the host's log",
    does: "show the log",
    flags: ["follow", "lines"],
    examples: ["logs --follow"],
    async run({ settings, json, follow, lines }) {
      const { printLogs } = await import("../commands/status.ts");
      return await printLogs({ ...settings, json, follow, lines });
    },
  },
  doctor: {
    summary: "check everything that the host needs, and say how to mend what fails",
    does: "check the host",
    more: [
      "Checks the settings, the key, the clock, the backends, the network and its router, the relay, the " +
      "AWS rights and the system service. If a host runs, it also connects to it as a page does. It " +
      "exits with 0 if every check passes.",
    ],
    flags: settingsOf("doctor"),
    async run({ settings, json }) {
      const { doctor } = await import("../commands/doctor.ts");
      return await doctor({ ...settings, json });
    },
  },
  pair: {
    summary: "let one device in: print a pairing link and its QR code",
    more: [
      "The link works once, within ten minutes. pair waits until the device has paired; Ctrl-C cancels " +
      "the link.",
    ],
    flags: ["name", "for", ...settingsOf("pair"), "wait"],
    examples: ['pair --name "my phone" --for /notes --page https://me.github.io/notes/'],
    async run({ settings, ...flags }) {
      const { pair } = await import("../commands/pair.ts");
      return await pair({ ...settings, ...flags });
    },
  },
  site: {
    summary: "write the folder of a static site that shows your app, ready to publish",
    does: "write the site",
    more: [
      "The site can be installed on a phone, and shows one service, or all with a list at its start. Relay, " +
      "host key and page come from the settings file. FOLDER is new, empty, or a site that this command " +
      "has written before, which it then brings up to date: files of your own stay. docs/site.md explains " +
      "how to publish it, and how to keep the key at another origin than the app (--key, --key-site).",
    ],
    args: ["FOLDER"],
    flags: ["name", "icon", ...settingsOf("site"), "update", "key", "app", "key-site"],
    meanings: {
      name: {
        summary: "the app's name, as the home screen shows it",
        otherwise: "the service's name",
      },
      service: {
        value: "PATH",
        repeats: false,
        summary: "the service to which the site's root leads",
        otherwise: "the host's only service, or all of them",
        environment: undefined,
      },
      page: { summary: "where the site will be" },
    },
    examples: [
      "site ./notes --service /notes --name Notes --page https://me.github.io/notes/",
      "site ./notes --update",
      "site ./key --key --app https://notes.example/=/notes --app https://ha.example/=/ha",
      "site ./notes --page https://notes.example/ --service /notes --key-site https://keys.example/",
    ],
    async run({ settings, json, name, icon, update, key, app, "key-site": keySite }, [folder]) {
      const { site } = await import("../commands/site.ts");
      const flags = { name, icon, update, key, app, "key-site": keySite };
      await site(folder!, { ...settings, ...flags, json });
    },
  },
  devices: {
    summary: "list the devices that may connect, and by which way those that are connected",
    does: "list the devices",
    flags: [],
    async run({ settings, json }) {
      const { listDevices } = await import("../commands/devices.ts");
      await listDevices({ ...settings, json });
    },
  },
  ping: {
    summary: "measure round trips to a connected device; exits with 0 if it has answered",
    more: [
      DEVICE,
      "Pings go by the way that the device is connected by, once a second. Through the relay, each costs " +
      "two messages.",
    ],
    args: ["DEVICE"],
    flags: ["count"],
    examples: ['ping "my phone"', 'ping "my phone" -c 3'],
    async run({ settings, json, count }, [device]) {
      const { ping } = await import("../commands/ping.ts");
      return await ping(device!, { ...settings, json, count });
    },
  },
  services: {
    summary: "list the services that pages reach, or change them in the settings file",
    does: "list or change the services",
    more: [
      "A running host takes over the change at once, without dropping connections. FOLDER, URL and OPTION " +
      "are as for --service: see run. Without a path, a backend is at /.",
    ],
    args: ["[list|add|remove]", "[PATH|PATH=URL|PATH=FOLDER]", "[OPTION…]"],
    flags: [],
    examples: [
      "services",
      "services add /notes=http://127.0.0.1:5000/api",
      "services add 3000",
      "services add /app=3000 as=proxy",
      "services remove /notes",
    ],
    async run({ settings, json }, [action, ...words]) {
      const { services } = await import("../commands/services.ts");
      const service = words.length > 0 ? words.join(" ") : undefined;
      await services(action, service, { ...settings, json });
    },
  },
  revoke: {
    summary: "end a device's connections at once, and refuse it from then on",
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
    summary:
      "print this host's public key, for a page's attribute host-key and the stack's hostKeys",
    does: "print the key",
    flags: [],
    async run({ settings, json }) {
      const { printKey } = await import("../commands/devices.ts");
      await printKey({ ...settings, json });
    },
  },
  cost: {
    summary:
      "show the relay's cost this month, with more visitors, and what others could make you pay",
    does: "show the cost",
    flags: settingsOf("cost"),
    async run({ settings, json }) {
      const { printCost } = await import("../commands/cost.ts");
      await printCost({ ...settings, json });
    },
  },
  install: {
    summary: "install the host as a system service (systemd or launchd), with the settings file",
    more: [
      "If it is installed already, it restarts with this program. See docs/service.md.",
    ],
    flags: ["system", "print"],
    async run({ settings, ...flags }) {
      const { install } = await import("../commands/install.ts");
      return await install({ ...settings, ...flags });
    },
  },
  uninstall: {
    summary: "remove the system service; settings, host key and devices stay",
    flags: ["system"],
    async run({ settings, ...flags }) {
      const { uninstall } = await import("../commands/install.ts");
      return await uninstall({ ...settings, ...flags });
    },
  },
  prepare: {
    summary: "install the part for WebRTC now, instead of at the first start",
    more: [
      "npm installs node-datachannel, whose files are known by their hashes, into a folder of the user's " +
      "cache. It is there already where you have installed node-datachannel beside this program. Use it where " +
      "the first start has no network or may not write there.",
    ],
    flags: [],
    async run({ json }) {
      const { prepare } = await import("../commands/prepare.ts");
      await prepare(json);
    },
  },
  completion: {
    summary: "print a script with which a shell completes this command",
    does: "print the script",
    more: [
      "The script completes commands, flags, files, and the names of devices and services, for which it " +
      "runs completion devices and completion services.",
    ],
    args: ["bash|zsh|fish"],
    flags: [],
    examples: [
      "completion bash >> ~/.bashrc",
      "completion zsh >> ~/.zshrc",
      "completion fish > ~/.config/fish/completions/lighthouse-host.fish",
    ],
    async run({ settings, json }, [shell], commands) {
      const { printCompletion } = await import("./completion/mod.ts");
      await printCompletion(commands, shell!, { ...settings, json });
    },
  },
  version: {
    summary: "print the version",
    does: "print the version",
    flags: [],
    async run({ json }) {
      const { printVersion } = await import("./help.ts");
      printVersion(json);
    },
  },
  help: {
    summary: "list the commands, or explain one",
    more: [
      "Without a command, the program says at a terminal what the next step is, else it prints this.",
    ],
    does: "show the help",
    args: ["[COMMAND]"],
    flags: [],
    async run({ json }, [command], commands) {
      const { printHelp } = await import("./help.ts");
      printHelp(commands, command, json);
    },
  },
};
