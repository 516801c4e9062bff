// The script for zsh.
import type { Commands } from "../command.ts";
import { PROGRAMS } from "../program.ts";
import { flagsOf, places, typed, valuedFlags } from "./kinds.ts";
import { quoted } from "../../platform/shell_words.ts";

/** Returns the script. */
export function zsh(commands: Commands): string {
  const summaries = Object.entries(commands).map(([name, { summary }]) =>
    `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`
  );
  const flags = Object.entries(commands).map(([name, command]) =>
    `    ${name}) compadd -- ${flagsOf(command).map(typed).join(" ")} ;;`
  );
  const kinds = places(commands).map(([kind, all]) => `    ${all.join("|")}) kind="${kind}" ;;`);
  return `#compdef ${PROGRAMS.join(" ")}
_lighthouse_host() {
  local -a commands=(
${summaries.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local kind="" flag="" place=""
  local -a lines
  integer at=3 count=0
  while (( at < CURRENT )); do
    case "$words[at]" in
      ${valuedFlags().join("|")})
        (( at + 1 == CURRENT )) && flag="$words[at]"
        (( at += 1 )) ;;
      -*) ;;
      *) (( count += 1 )) ;;
    esac
    (( at += 1 ))
  done
  place="\${flag:-$count}"
  if [[ -z "$flag" && "$words[CURRENT]" == -* ]]; then
    case "$words[2]" in
${flags.map((line) => `  ${line}`).join("\n")}
    esac
    return
  fi
  case "$words[2]/$place" in
${kinds.join("\n")}
  esac
  case "$kind" in
    "") ;;
    devices|services)
      lines=("\${(@f)$("$words[1]" completion "$kind" 2>/dev/null)}")
      lines=(\${lines:#})
      compadd -a lines ;;
    files) _files ;;
    folders) _files -/ ;;
    *) compadd -- \${=kind} ;;
  esac
}
# zsh may load this file as the function itself, at the first completion.
if [[ "$funcstack[1]" == _lighthouse* ]]; then
  _lighthouse_host "$@"
else
  compdef _lighthouse_host ${PROGRAMS.join(" ")}
fi
`;
}
