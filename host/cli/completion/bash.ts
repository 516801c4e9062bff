// The script for bash, from 3.2 on, which macOS has.
import type { Commands } from "../command.ts";
import { PROGRAMS } from "../program.ts";
import { flagsOf, places, typed, valuedFlags } from "./kinds.ts";

/** Returns the script. */
export function bash(commands: Commands): string {
  const flags = Object.entries(commands).map(([name, command]) =>
    `    ${name}) words="${flagsOf(command).map(typed).join(" ")}" ;;`
  );
  const kinds = places(commands).map(([kind, all]) => `    ${all.join("|")}) kind="${kind}" ;;`);
  return `# Offers lines that may have spaces: the devices' names.
_lighthouse_host_lines() {
  local line quote=""
  case "$word" in
    [\\"\\']*) quote="\${word:0:1}"; word="\${word:1}" ;;
    *) word="\${word//\\\\/}" ;;
  esac
  while IFS= read -r line; do
    [[ "$line" == "$word"* ]] || continue
    [ -n "$quote" ] || line="$(printf %q "$line")"
    COMPREPLY+=("$line")
  done
}
_lighthouse_host() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}" words="" kind="" at=2 place=0 IFS=$' \\t\\n'
  local flag=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${Object.keys(commands).join(" ")}" -- "$word"))
    return
  fi
  while [ "$at" -lt "$COMP_CWORD" ]; do
    case "\${COMP_WORDS[at]}" in
      ${valuedFlags().join("|")})
        flag="\${COMP_WORDS[at]}"
        if [ "\${COMP_WORDS[at + 1]}" = "=" ]; then at=$((at + 1)); fi
        at=$((at + 1))
        if [ "$at" -lt "$COMP_CWORD" ]; then flag=""; fi ;;
      -*) ;;
      *) place=$((place + 1)) ;;
    esac
    at=$((at + 1))
  done
  if [ -n "$flag" ]; then place="$flag"; fi
  if [ "$word" = "=" ]; then word=""; fi
  case "$command" in
${flags.join("\n")}
  esac
  case "$command/$place" in
${kinds.join("\n")}
  esac
  case "$flag$word" in
    -*) if [ -z "$flag" ]; then kind="$words"; fi ;;
  esac
  case "$kind" in
    "") ;;
    devices|services) _lighthouse_host_lines < <("$1" completion "$kind" 2>/dev/null) ;;
    files)
      compopt -o default 2>/dev/null || { IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$word")); } ;;
    folders)
      compopt -o dirnames 2>/dev/null || { IFS=$'\\n'; COMPREPLY=($(compgen -d -- "$word")); } ;;
    *) COMPREPLY=($(compgen -W "$kind" -- "$word")) ;;
  esac
}
complete -F _lighthouse_host ${PROGRAMS.join(" ")}
`;
}
