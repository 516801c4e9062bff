// The script for fish.
import { type Commands, COMMON, flagsFor } from "../command.ts";
import { type Flag, FLAGS } from "../flags.ts";
import { PROGRAM, PROGRAMS } from "../program.ts";
import { type Kind, kindOfArgument, kindOfFlag, typed, valuedFlags } from "./kinds.ts";
import { quoted } from "../../platform/shell_words.ts";

/** Returns the script. */
export function fish(commands: Commands): string {
  const complete = `complete -c ${PROGRAM}`;
  const lines = Object.entries(commands).flatMap(([name, command]) => {
    const { summary, flags, args = [] } = command;
    return [
      `${complete} -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...args.flatMap((arg, at) => {
        const given = offer(kindOfArgument(arg, commands));
        return given ? [`${complete} -n '__lighthouse_host_at ${name} ${at}' ${given}`] : [];
      }),
      ...[...flags, ...COMMON].map((flag) => {
        const { value, summary }: Flag = flagsFor(command, FLAGS)[flag];
        const takes = value === undefined
          ? ""
          : ` -x ${offer(kindOfFlag(command, flag))}`.trimEnd();
        const when = quoted(`__fish_seen_subcommand_from ${name}`);
        return `${complete} -n ${when} -l ${typed(flag).slice(2)}${takes} -d ${quoted(summary)}`;
      }),
    ];
  });
  return `# Whether the cursor is at the argument with that number of a command.
function __lighthouse_host_at
  set -l words (commandline -opc)
  test "$words[2]" = "$argv[1]"; or return 1
  set -l count 0
  set -l skip 0
  for word in $words[3..-1]
    if test $skip = 1
      set skip 0
    else if contains -- $word ${valuedFlags().join(" ")}
      set skip 1
    else if not string match -q -- '-*' $word
      set count (math $count + 1)
    end
  end
  test $skip = 0 -a $count = $argv[2]
end
function __lighthouse_host_words
  set -l words (commandline -opc)
  command $words[1] completion $argv[1] 2>/dev/null
end
${complete} -f
${lines.join("\n")}
${PROGRAMS.slice(1).map((other) => `complete -c ${other} -w ${PROGRAM}`).join("\n")}
`;
}

/** What fish offers at a place; "" for nothing. */
function offer(kind: Kind): string {
  switch (kind) {
    case "":
      return "";
    case "devices":
    case "services":
      return `-a '(__lighthouse_host_words ${kind})'`;
    case "files":
      return "-a '(__fish_complete_path (commandline -ct))'";
    case "folders":
      return "-a '(__fish_complete_directories (commandline -ct))'";
    default:
      return `-a ${quoted(kind)}`;
  }
}
