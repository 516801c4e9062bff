// `lighthouse-host doctor`: prints the results of the checks, and the cure for each that failed.
import process from "node:process";
import type { Settings } from "../config/settings.ts";
import { runDiagnostics } from "../doctor/diagnostics.ts";
import type { Finding } from "../doctor/finding.ts";
import { findUnit, tryRun } from "../platform/service_manager.ts";
import { formatRow } from "../platform/layout.ts";
import { line, paint, type Painted, print } from "../platform/terminal.ts";
import { openStateAnyway, readConfig } from "./state.ts";
import { readHostSettings, readStatus } from "./status.ts";

/** Runs all checks. @returns Whether all have passed. */
export async function doctor(flags: Settings & { json: boolean }): Promise<boolean> {
  let problems = 0;
  const show = (finding: Finding) => {
    if (finding.ok === false) problems++;
    print(flags.json ? JSON.stringify(finding) : format(finding));
  };
  for await (const finding of findingsOf(flags)) show(finding);
  if (!flags.json) {
    print(
      problems === 0
        ? line`\n${paint("green", "All is well.")}`
        : line`\n${paint("red", problems === 1 ? "1 problem." : `${problems} problems.`)}`,
    );
  }
  return problems === 0;
}

async function* findingsOf(flags: Settings): AsyncGenerator<Finding> {
  const check = "settings";
  const { file, state, trouble } = await openStateAnyway(flags, process.env, () => {});
  if (trouble) yield { check, ok: false, message: trouble.message, cure: `correct ${file.path}` };
  // Those of the running host take precedence over the file, which may have changed.
  const status = await readStatus(state);
  const settings = status && await readHostSettings(state);
  const running = settings && { ...file, settings: { page: file.settings.page, ...settings } };
  let read: ReturnType<typeof readConfig>;
  try {
    read = readConfig(flags, running ?? file);
  } catch (error) {
    if (!trouble) yield { check, ok: false, message: (error as Error).message };
    yield await serviceState();
    return;
  }
  const message = status
    ? `those of the host that runs (process ${status.pid}, ${status.phase})`
    : file.text !== ""
    ? file.path
    : `no file at ${file.path}: from flags and variables`;
  if (!trouble || status) yield { check, ok: true, message };
  yield* runDiagnostics({ ...read, state, status, service: serviceState });
}

async function serviceState(): Promise<Finding> {
  const check = "service";
  const unit = await findUnit();
  if (unit) {
    const trouble = await tryRun(unit.ask);
    if (trouble === undefined) return { check, ok: true, message: `${unit.path} runs` };
    const message = `${unit.path} is installed, and does not run`;
    return { check, ok: false, message, cure: `lighthouse-host install; its log: ${unit.logs}` };
  }
  const message = "not installed, so the host ends with its terminal: lighthouse-host install";
  return { check, ok: null, message };
}

function format({ check, ok, message, cure }: Finding): Painted {
  const mark = ok ? paint("green", "✓") : ok === null ? "–" : paint("red", "✗");
  // The message names the right.
  const name = check.includes(":") ? "aws" : check;
  const at = 16;
  const found = formatRow(line`${mark} ${name}`, message, { at });
  return cure ? line`${found}\n${formatRow("", `→ ${cure}`, { at })}` : found;
}
