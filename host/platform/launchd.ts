// The host as a launchd agent: https://developer.apple.com/library/archive/documentation/MacOSX/Conceptual/BPSystemStartup/Chapters/CreatingLaunchdJobs.html
import { LOG_FILE } from "./log_file.ts";
import type { UnitOptions } from "./unit_options.ts";

/** The agent's label. */
export const LABEL = "dev.lighthouse.host";

/** Least seconds between starts. */
const THROTTLE_S = 10;

/**
 * Returns a launchd property list.
 *
 * @param log The file for the host's output, which the host keeps short.
 */
export function formatLaunchdPlist(
  { command, environment }: Pick<UnitOptions, "command" | "environment">,
  log: string,
): string {
  const entries = {
    Label: text(LABEL),
    ProgramArguments: array(command.map(text)),
    EnvironmentVariables: dict(
      Object.fromEntries(
        Object.entries({ ...environment, [LOG_FILE]: log }).map((
          [name, value],
        ) => [name, text(value)]),
      ),
    ),
    RunAtLoad: "<true/>",
    KeepAlive: dict({ SuccessfulExit: "<false/>" }),
    ThrottleInterval: `<integer>${THROTTLE_S}</integer>`,
    ProcessType: text("Background"),
    // 0077: only the owner reads the host's files.
    Umask: `<integer>${0o077}</integer>`,
    StandardOutPath: text(log),
    StandardErrorPath: text(log),
  };
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${dict(entries)}
</plist>
`;
}

function dict(entries: Record<string, string>): string {
  const lines = Object.entries(entries).map(([key, value]) => `<key>${escape(key)}</key>${value}`);
  return `<dict>\n${lines.join("\n")}\n</dict>`;
}

function array(values: string[]): string {
  return `<array>\n${values.join("\n")}\n</array>`;
}

function text(value: string): string {
  return `<string>${escape(value)}</string>`;
}

function escape(value: string): string {
  const names: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt" };
  return value.replace(/[&<>]/g, (character) => `&${names[character]};`);
}
