// Pulumi's Automation API, as the project's own packages have it, and the command that it drives.
// https://www.pulumi.com/docs/iac/automation-api/
import type * as automation from "@pulumi/pulumi/automation/index.js";
import { createRequire } from "node:module";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Project } from "./project.ts";
import { SetupError } from "./setup_error.ts";

export type { EngineEvent, OpMap, Stack } from "@pulumi/pulumi/automation/index.js";
export type Pulumi = typeof automation;

/** The stack's name. */
const STACK = "prod";

/** Where to get the command without this program. */
export const BY_HAND = "https://www.pulumi.com/docs/install/ says how to install it by hand";

/** Loads the Automation API. @throws {SetupError} If npm has not installed it whole. */
export function loadPulumi({ folder }: Project): Pulumi {
  try {
    return createRequire(join(folder, "package.json"))("@pulumi/pulumi/automation");
  } catch (cause) {
    throw new SetupError(
      `Cannot load @pulumi/pulumi in ${folder}. Delete its node_modules, and run this again`,
      { cause },
    );
  }
}

/**
 * Finds the command `pulumi`: the one on the PATH, or else one that an earlier run has downloaded.
 *
 * @returns Undefined if there is none, or it is too old.
 */
export async function findCommand(
  pulumi: Pulumi,
  project: Project,
): Promise<automation.PulumiCommand | undefined> {
  for (const root of [undefined, rootOf(project)]) {
    const found = await pulumi.PulumiCommand.get({ root }).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

/** Where the Automation API puts the command, by its version. */
function rootOf({ folder }: Project): string {
  const { version } = createRequire(join(folder, "package.json"))("@pulumi/pulumi/package.json");
  return join(homedir(), ".pulumi", "versions", version);
}

/** Downloads the command from get.pulumi.com. @throws {SetupError} With how to do it by hand. */
export async function downloadCommand(pulumi: Pulumi): Promise<automation.PulumiCommand> {
  try {
    return await pulumi.PulumiCommand.install();
  } catch (cause) {
    const [why] = (cause as Error).message.replace(/^[\s\S]*stderr: /, "").split("\n", 1);
    throw new SetupError(
      `Cannot download the pulumi command from get.pulumi.com: ${why!.slice(0, 200)}. ${BY_HAND}`,
      { cause },
    );
  }
}

/** What a stack is opened with. */
export interface StackOptions {
  project: Project;
  command: automation.PulumiCommand;
  /** Where the state is; undefined for the project's folder. */
  state: string | undefined;
}

/**
 * Opens the stack.
 *
 * @param mode Whether to make it if there is none.
 * @returns Undefined if there is none.
 * @throws {SetupError} If its state cannot be read.
 */
export async function openStack(
  pulumi: Pulumi,
  { project, command, state }: StackOptions,
  mode: "create" | "look",
): Promise<automation.Stack | undefined> {
  const workspace = await pulumi.LocalWorkspace.create({
    workDir: project.folder,
    pulumiCommand: command,
    envVars: await project.environment(state),
  });
  try {
    return mode === "create"
      ? await pulumi.Stack.createOrSelect(STACK, workspace)
      : await pulumi.Stack.select(STACK, workspace);
  } catch (error) {
    if (error instanceof pulumi.StackNotFoundError) return undefined;
    const place = state ?? project.folder;
    throw new SetupError(`Cannot open the stack's state in ${place}: ${saidBy(error)}`, {
      cause: error,
    });
  }
}

/** What the command has said on standard error, in one line. */
export function saidBy(error: unknown): string {
  const { message } = error as Error;
  const [, said = message] = /stderr: ([\s\S]*?)(?:\n err\?:|$)/.exec(message) ?? [];
  const [first = ""] = said.split("\n").map((each) => each.replace(/^error: /, "").trim())
    .filter((each) => !/^(?:$|warning:|Command failed with exit code)/.test(each));
  return first.slice(0, 500).replace(/\.+$/, "");
}

/**
 * Runs an update of a stack. If a run that was killed has left its lock, that is removed first.
 *
 * @throws {SetupError} If another run has the lock.
 */
export async function withLock<T>(
  pulumi: Pulumi,
  stack: automation.Stack,
  update: () => Promise<T>,
): Promise<T> {
  try {
    return await update();
  } catch (error) {
    if (!(error instanceof pulumi.ConcurrentUpdateError)) throw error;
    const [, owner, pid] = /created by \S+@(\S+) \(pid (\d+)\)/.exec(error.message) ?? [];
    if (owner !== hostname() || isRunning(Number(pid))) {
      throw new SetupError(
        "Cannot deploy: another run of Pulumi is at work on this stack" +
          (owner ? `, on ${owner} (process ${pid})` : "") +
          ". Wait for its end. If it has ended without it, run pulumi cancel in the project's folder",
        { cause: error },
      );
    }
    await stack.cancel();
    return await update();
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
