// Hints for words and flags that this program does not know: people know them from other programs.
import { isAddress } from "../config/backend_address.ts";
import { suggestion } from "../config/suggest.ts";
import { type Command, type Commands, COMMON } from "./command.ts";
import { type FlagName, FLAGS } from "./flags.ts";

/** Words for a program that shows a backend. A port or folder after them goes to `dev`. */
const SHOW = ["http", "https", "serve", "share", "expose", "tunnel", "forward", "proxy", "open"];

/** Other words, and the commands that are meant. */
const COMMANDS_MEANT: Record<string, string[]> = {
  start: ["run", "install"],
  up: ["run", "install"],
  launch: ["run"],
  host: ["run"],
  daemon: ["run", "install"],
  server: ["run"],
  service: ["services", "install"],
  restart: ["install"],
  enable: ["install"],
  disable: ["uninstall"],
  list: ["devices", "services"],
  ls: ["devices", "services"],
  clients: ["devices"],
  ps: ["status"],
  info: ["status", "doctor"],
  state: ["status"],
  test: ["doctor"],
  check: ["doctor"],
  diagnose: ["doctor"],
  log: ["logs"],
  tail: ["logs --follow"],
  config: ["init", "services"],
  configure: ["init"],
  setup: ["init"],
  link: ["pair"],
  qr: ["pair"],
  code: ["pair"],
  invite: ["pair"],
  add: ["pair", "services add"],
  remove: ["revoke", "services remove"],
  rm: ["revoke", "services remove"],
  delete: ["revoke", "services remove"],
  unpair: ["revoke"],
  forget: ["revoke"],
  block: ["revoke"],
  ban: ["revoke"],
  mv: ["rename"],
  name: ["rename"],
  price: ["cost"],
  bill: ["cost"],
  build: ["site"],
  export: ["site"],
};

const UPDATE = "npm install --global lighthouse-tunnel@latest updates this program";
const STOP = "Ctrl-C ends run, and uninstall the system service";

/** Words for what other programs than this one do. */
const ELSEWHERE: Record<string, string> = {
  update: UPDATE,
  upgrade: UPDATE,
  stop: STOP,
  down: STOP,
  kill: STOP,
  login: "This program needs no account. aws sso login logs in to AWS, and pair lets a device in",
};

/** Flags of other programs, and this one's. */
const FLAGS_MEANT: Record<string, string[]> = {
  port: ["--backend PORT"],
  p: ["--backend PORT"],
  url: ["--backend URL"],
  target: ["--backend URL"],
  upstream: ["--backend URL"],
  dir: ["--service PATH=FOLDER"],
  folder: ["--service PATH=FOLDER"],
  root: ["--service PATH=FOLDER"],
  static: ["--service PATH=FOLDER"],
  path: ["--service PATH=URL", "--for PATH"],
  verbose: ["--log-level debug"],
  debug: ["--log-level debug"],
  quiet: ["--log-level warn"],
  silent: ["--log-level warn"],
  device: ["--name NAME"],
  tail: ["--lines N", "--follow"],
  watch: ["--follow"],
  profile: ["AWS_PROFILE=…"],
  V: ["--version"],
};

/**
 * A hint for an unknown command, such as `. Did you mean run?`, or "".
 *
 * @param rest The words after it.
 */
export function commandHint(word: string, rest: string[], commands: Commands): string {
  const lower = word.toLowerCase();
  const [next = ""] = rest;
  if (isTarget(word)) return didYouMean([`dev ${word}`]);
  if (Object.hasOwn(commands, lower)) return didYouMean([lower]);
  if (SHOW.includes(lower)) return didYouMean([`dev ${isTarget(next) ? next : "PORT"}`]);
  if (Object.hasOwn(COMMANDS_MEANT, lower)) return didYouMean(COMMANDS_MEANT[lower]!);
  if (Object.hasOwn(ELSEWHERE, lower)) return `. ${ELSEWHERE[lower]}`;
  return suggestion(lower, Object.keys(commands));
}

/** A hint for an argument that a command does not take. @param name The command's name. */
export function argumentHint(name: string, args: string[], commands: Commands): string {
  const { flags, args: names = [] } = commands[name]!;
  const word = args[names.length] ?? "";
  if (/^[a-z]+=|^insecure$/.test(word)) {
    return ". Quote a backend with its options: '5000 as=proxy'";
  }
  if (names.length > 0 && !word.startsWith("-") && /NAME|DEVICE/.test(names.join())) {
    return '. Quote a name that has spaces: "my phone"';
  }
  if (flags.includes("backend") && isTarget(word)) return didYouMean([`${name} --backend ${word}`]);
  if (flags.includes("lines") && /^\d+$/.test(word)) return didYouMean([`${name} --lines ${word}`]);
  if (Object.hasOwn(commands, word)) return didYouMean([word]);
  return flags.includes("name") && name === "pair" ? didYouMean([`pair --name "${word}"`]) : "";
}

/**
 * A hint for an unknown flag, or "".
 *
 * @param flag Without its dashes, such as `relai`, or `no-weit`.
 * @param command The command that it is given to; undefined if there is none.
 */
export function flagHint(flag: string, command: Command | undefined): string {
  const own = command ? ownFlags(command) : Object.keys(FLAGS);
  const meant = meantFlag(flag, command);
  if (meant) return meant;
  const isNo = flag.startsWith("no-");
  const word = isNo ? flag.slice("no-".length) : flag;
  const prefix = isNo ? "--no-" : "--";
  return suggestion(word, own, prefix) || suggestion(word, Object.keys(FLAGS), prefix);
}

/** A hint for a flag of another program, or of another command; "" if this command has none like it. */
export function meantFlag(flag: string, command: Command | undefined): string {
  const meant = Object.hasOwn(FLAGS_MEANT, flag) ? FLAGS_MEANT[flag]! : [];
  const own: string[] = command ? ownFlags(command) : Object.keys(FLAGS);
  const here = meant.filter((each) => {
    const [, name] = /^--(\S+)/.exec(each) ?? [];
    return name === undefined || own.includes(name);
  });
  return here.length > 0 ? didYouMean(here) : "";
}

function ownFlags({ flags }: Command): FlagName[] {
  return [...flags, ...COMMON, "help", "version"];
}

/** Whether a word is what `dev` and `--backend` take, such as 3000, or the path of a folder. */
function isTarget(word: string): boolean {
  return isAddress(word) || /^(?:\.{0,2}\/|~\/|\.{1,2}$)/.test(word);
}

function didYouMean(words: string[]): string {
  return `. Did you mean ${words.join(", or ")}?`;
}
