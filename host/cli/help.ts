// What `lighthouse-host help` prints, and the same as a page of the documentation and as a man page.
import process from "node:process";
import { columnsOf, formatRow, wrap } from "../platform/layout.ts";
import { type Command, type Commands, COMMON, flagsFor } from "./command.ts";
import { type Flag, type FlagName, FLAGS, formatFlag } from "./flags.ts";
import { print } from "../platform/terminal.ts";
import { commandHint } from "./hints.ts";
import { calledAs, PROGRAM } from "./program.ts";
import { UsageError } from "./usage_error.ts";
import manifest from "../../package.json" with { type: "json" };

type AllFlags = typeof FLAGS;

const TITLE = "your laptop's end of Lighthouse";

/** The exit codes and their meanings. */
const EXITS: [code: number, meaning: string][] = [
  [0, "ended as asked"],
  [1, "failed"],
  [2, "wrong usage or settings"],
  [3, "replaced by another host"],
];

/** Where the output goes: the width in columns, and the name by which the program was called. */
interface Place {
  width: number;
  program: string;
}

/** Widest lines: longer ones are hard to read. */
const WIDEST = 100;

function here(): Place {
  const columns = columnsOf();
  const width = columns === Infinity ? 80 : Math.min(columns, WIDEST);
  return { width, program: calledAs() };
}

/** Prints the version. */
export function printVersion(json: boolean): void {
  const { version } = manifest;
  print(json ? JSON.stringify({ version }) : version);
}

/** Prints the list of commands, or one command's help. @throws {UsageError} For an unknown command. */
export function printHelp(commands: Commands, name: string | undefined, json: boolean): void {
  if (json) {
    const names = name === undefined ? Object.keys(commands) : [name];
    for (const each of names) print(JSON.stringify(describeCommand(commands, each)));
    return;
  }
  process.stdout.write(name === undefined ? overview(commands) : formatHelp(commands, name));
}

/** A command for programs. */
function describeCommand(commands: Commands, name: string) {
  const command = commandOf(commands, name);
  const { summary, more = [], args = [], flags, examples = [] } = command;
  const table = flagsFor(command, FLAGS);
  const options = [...flags, ...COMMON].map((flag) => ({
    flag: formatFlag(flag, table),
    purpose: describe(table[flag]),
  }));
  return { name, summary, more, args, options, examples };
}

function overview(commands: Commands): string {
  const place = here();
  const { width, program } = place;
  const rows = Object.entries(commands).map((
    [name, { summary }],
  ): [string, string] => [name, summary]);
  return `${wrap(`${program} ${manifest.version}: ${TITLE}`, width)}

Usage: ${program} COMMAND [options]

Start with
${startsOf(commands).map((line) => `  ${line.replace(PROGRAM, program)}`).join("\n")}

Commands
${table(rows, width)}

Options of all commands
${flagTable(COMMON, FLAGS, width)}

More about a command: ${program} help COMMAND

${exitLine(width)}
`;
}

/** The first command lines of a newcomer. */
function startsOf(commands: Commands): string[] {
  const init = `pulumi stack output --json | ${PROGRAM} init - --backend 3000`;
  return "dev" in commands ? [`${PROGRAM} dev 3000`, init] : [init];
}

/** The help of one command. @throws {UsageError} For an unknown command. */
export function formatHelp(
  commands: Commands,
  name: string,
  flags: AllFlags = FLAGS,
  { width, program }: Place = here(),
): string {
  const command = commandOf(commands, name);
  const parts = [
    String(wrap(`${program} ${name}: ${command.summary}`, width)),
    `Usage: ${usageOf(name, command, program)}`,
    ...(command.more ?? []).map((text) => String(wrap(text, width))),
    ...command.flags.length > 0
      ? [`Options\n${flagTable(command.flags, flagsFor(command, flags), width)}`]
      : [],
    `Options of all commands\n${flagTable(COMMON, flags, width)}`,
    ...command.examples
      ? [`Examples\n${command.examples.map((line) => `  ${program} ${line}`).join("\n")}`]
      : [],
    exitLine(width),
  ];
  return `${parts.join("\n\n")}\n`;
}

function commandOf(commands: Commands, name: string): Command {
  if (Object.hasOwn(commands, name)) return commands[name]!;
  throw new UsageError(`Unknown command: ${name}${commandHint(name, [], commands)}`);
}

function usageOf(name: string, { args = [], flags }: Command, program = PROGRAM): string {
  return [program, name, ...args, ...flags.length > 0 ? ["[options]"] : []].join(" ");
}

function flagTable(names: FlagName[], flags: AllFlags, width: number): string {
  return table(names.map((name) => [formatFlag(name, flags), describe(flags[name])]), width);
}

/** A flag's purpose, default and variable. */
function describe({ summary, repeats, otherwise, environment }: Flag): string {
  return [
    summary,
    ...repeats ? ["repeatable"] : [],
    ...otherwise ? [`default: ${otherwise}`] : [],
    ...environment ? [environment] : [],
  ].join("; ");
}

function table(rows: [left: string, right: string][], width: number): string {
  const at = Math.max(...rows.map(([left]) => left.length)) + 4;
  return rows.map(([left, right]) => formatRow(`  ${left}`, right, { at, width })).join("\n");
}

function exitLine(width: number): string {
  const codes = EXITS.map(([code, meaning]) => `${code} ${meaning}`).join(", ");
  return String(wrap(`Exit codes: ${codes}`, width));
}

/** The page docs/command-line.md. */
export function formatMarkdown(commands: Commands, allFlags: AllFlags = FLAGS): string {
  const sections = Object.entries(commands).map(([name, command]) => {
    const { summary, more = [], flags, examples = [] } = command;
    return [
      `## ${name}`,
      "```\n" + usageOf(name, command) + "\n```",
      `${capital(summary)}.`,
      ...more,
      ...flags.length > 0 ? [markdownTable(flags, flagsFor(command, allFlags))] : [],
      ...examples.length > 0
        ? ["```\n" + examples.map((line) => `${PROGRAM} ${line}`).join("\n") + "\n```"]
        : [],
    ].join("\n\n");
  });
  return `${
    [
      "# The command line",
      `The output of \`${PROGRAM} help\` on one page. \`npm run build\` writes it.`,
      "Options of all commands:",
      markdownTable(COMMON, allFlags),
      `Exit codes: ${EXITS.map(([code, meaning]) => `\`${code}\` ${meaning}`).join(", ")}.`,
      ...sections,
    ].join("\n\n")
  }\n`;
}

function markdownTable(names: FlagName[], flags: AllFlags): string {
  const rows = names.map((name) => {
    const { summary, repeats, otherwise = "", environment = "" } = flags[name];
    const [variable, ...hint] = environment.split(" ");
    return [
      `\`${formatFlag(name, flags).replaceAll("|", "\\|")}\``,
      summary + (repeats ? " (repeatable)" : ""),
      otherwise,
      variable && [`\`${variable}\``, ...hint].join(" "),
    ];
  });
  return [["Option", "Purpose", "Default", "Variable"], ["---", "---", "---", "---"], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The man page: https://man7.org/linux/man-pages/man7/man-pages.7.html */
export function formatManPage(commands: Commands, allFlags: AllFlags = FLAGS): string {
  const item = (term: string, text: string) => `.TP\n\\fB${roff(term)}\\fR\n${roff(text)}`;
  const flags = (names: FlagName[], table = allFlags) =>
    names.map((name) => item(formatFlag(name, table), describe(table[name])));
  const sections = Object.entries(commands).flatMap(([name, command]) => [
    `.SS ${roff(usageOf(name, command).slice(PROGRAM.length + 1))}`,
    roff(`${capital(command.summary)}.`),
    ...(command.more ?? []).map((text) => `.PP\n${roff(text)}`),
    ...flags(command.flags, flagsFor(command, allFlags)),
  ]);
  return `${
    [
      `.TH LIGHTHOUSE-HOST 1 "" "Lighthouse ${manifest.version}"`,
      ".SH NAME",
      `${PROGRAM} \\- ${roff(TITLE)}`,
      ".SH SYNOPSIS",
      `.B ${PROGRAM}\nCOMMAND [options]`,
      ".SH COMMANDS",
      ...sections,
      ".SH OPTIONS OF ALL COMMANDS",
      ...flags(COMMON),
      ".SH EXIT STATUS",
      ...EXITS.map(([code, meaning]) => item(String(code), meaning)),
    ].join("\n")
  }\n`;
}

/** Escapes a text for roff. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
