// Scripts with which shells complete commands, flags, and what these take.
import process from "node:process";
import { suggestion } from "../../config/suggest.ts";
import type { Settings } from "../../config/settings.ts";
import { print } from "../../platform/terminal.ts";
import type { Commands } from "../command.ts";
import { UsageError } from "../usage_error.ts";
import { bash } from "./bash.ts";
import { fish } from "./fish.ts";
import { zsh } from "./zsh.ts";

const SCRIPTS: Record<string, (commands: Commands) => string> = { bash, zsh, fish };

/**
 * Prints a shell's script, or the words for which a script asks, one a line.
 *
 * @param what `bash`, `zsh` or `fish`; `devices` or `services`.
 * @throws {UsageError} For an unknown shell.
 */
export async function printCompletion(
  commands: Commands,
  what: string,
  { json, ...settings }: Settings & { json: boolean },
): Promise<void> {
  if (what === "devices" || what === "services") {
    const { wordsFor } = await import("./words.ts");
    const words = await wordsFor(what, settings);
    if (json) return print(JSON.stringify({ words }));
    for (const word of words) print(word);
    return;
  }
  const script = Object.hasOwn(SCRIPTS, what) ? SCRIPTS[what] : undefined;
  if (!script) {
    const known = Object.keys(SCRIPTS);
    throw new UsageError(
      `Cannot complete for ${what}, but for ${known.join(", ")}${suggestion(what, known)}`,
    );
  }
  const text = script(commands);
  if (json) print(JSON.stringify({ script: text }));
  else process.stdout.write(text);
}
