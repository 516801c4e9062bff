// Scripts with which shells complete commands and flags.
import process from "node:process";
import { suggestion } from "../config/suggest.ts";
import { type Command, type Commands, COMMON, flagsFor } from "./command.ts";
import { type FlagName, FLAGS } from "./flags.ts";
import { PROGRAM } from "./program.ts";
import { UsageError } from "./usage_error.ts";

const SCRIPTS: Record<string, (commands: Commands) => string> = { bash, zsh, fish };

/** Prints a shell's script. @throws {UsageError} For an unknown shell. */
export function printCompletion(commands: Commands, shell: string): void {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (!script) {
    const known = Object.keys(SCRIPTS);
    throw new UsageError(
      `Cannot complete for ${shell}, but for ${known.join(", ")}${suggestion(shell, known)}`,
    );
  }
  process.stdout.write(script(commands));
}

/** A command's flags, as typed. */
function flagsOf({ flags }: Command): string[] {
  return [...flags, ...COMMON, "help" as const].map(typed);
}

function typed(name: FlagName): string {
  const { isOn } = FLAGS[name];
  return isOn ? `--no-${name}` : `--${name}`;
}

function bash(commands: Commands): string {
  const cases = Object.entries(commands).map(([name, command]) =>
    `    ${name}) words="${flagsOf(command).join(" ")}" ;;`
  );
  return `_lighthouse_host() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${Object.keys(commands).join(" ")}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
  esac
}
complete -o default -F _lighthouse_host ${PROGRAM}
`;
}

function zsh(commands: Commands): string {
  const summaries = Object.entries(commands).map(([name, { summary }]) =>
    `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`
  );
  const cases = Object.entries(commands).map(([name, command]) =>
    `    ${name}) compadd -- ${flagsOf(command).join(" ")} ;;`
  );
  return `#compdef ${PROGRAM}
_lighthouse_host() {
  local -a commands=(
${summaries.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  if [[ "$words[CURRENT]" != -* ]]; then
    _files
    return
  fi
  case "$words[2]" in
${cases.join("\n")}
  esac
}
compdef _lighthouse_host ${PROGRAM}
`;
}

function fish(commands: Commands): string {
  const lines = Object.entries(commands).flatMap(([name, command]) => [
    `complete -c ${PROGRAM} -n __fish_use_subcommand -f -a ${name} -d ${quoted(command.summary)}`,
    ...[...command.flags, ...COMMON].map((flag) => {
      const { value, summary } = flagsFor(command, FLAGS)[flag];
      const takes = value === undefined ? "" : " -r";
      const when = quoted(`__fish_seen_subcommand_from ${name}`);
      return `complete -c ${PROGRAM} -n ${when} -l ${typed(flag).slice(2)}${takes} -d ${
        quoted(summary)
      }`;
    }),
  ]);
  return `${lines.join("\n")}\n`;
}

/** A word in single quotes, which all three shells understand. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
