// The steps of `setup` in AWS: project, plan, deployment; and their undoing.
import { readIdentity } from "../access/host_key.ts";
import type { Log } from "../platform/log.ts";
import { type Answers, originsOf, type Place, writeAnswers } from "./answers.ts";
import { type AwsAccount, findAccount } from "./aws_account.ts";
import { costLines } from "./cost_lines.ts";
import { configure, deploy, outputsOf, type Plan, plan, undeploy } from "./deploy.ts";
import type { Interruption } from "./interruption.ts";
import type { Project } from "./project.ts";
import {
  BY_HAND,
  downloadCommand,
  findCommand,
  loadPulumi,
  openStack,
  type Pulumi,
  type Stack,
} from "./pulumi.ts";
import { confirm } from "./questions.ts";
import { SetupError } from "./setup_error.ts";

/** What the steps share. */
export interface AwsSide {
  project: Project;
  place: Place;
  /** Whether to ask before something is downloaded, deployed or deleted. */
  mayAsk: boolean;
  interruption: Interruption;
  log: Log;
}

/** Options of {@linkcode deployBridge}. */
export interface DeployOptions {
  answers: Answers;
  /** The host's state folder, with its key. */
  state: string;
  /** Whether to stop after the plan. */
  isDryRun: boolean;
}

/**
 * Deploys the stack.
 *
 * @returns Its outputs, as `pulumi stack output --json` prints them; undefined after a dry run, or a no.
 * @throws {SetupError} With what to do.
 */
export async function deployBridge(
  at: AwsSide,
  { answers, state, isDryRun }: DeployOptions,
): Promise<string | undefined> {
  const { project, place, mayAsk, interruption, log } = at;
  await project.write();
  // What was typed must not be lost if there are no credentials, nor replace what a deployed stack has.
  if (answers.deployed === undefined) await writeAnswers(project.folder, answers);
  const account = await tellAccount(at);
  await writeAnswers(project.folder, answers);
  const { pulumi, stack } = await openProject(at, "create");
  if (!stack) throw new SetupError("Cannot make the stack prod in the project's folder");
  const { publicKey } = await readIdentity(state);
  const { connectRate } = await configure(stack, { answers, publicKey });
  interruption.signal.throwIfAborted();
  if (mayAsk || isDryRun) {
    const first = place.deployed === undefined
      ? ". The first time, it also gets its AWS plugin"
      : "";
    log("info", "planning", `asking Pulumi what there is to do${first}`);
    const planned = await plan(pulumi, stack, interruption);
    tellPlan(log, { account, answers, planned, connectRate });
    if (isDryRun) return undefined;
    if (planned.made + planned.changed + planned.deleted === 0) return await outputsOf(stack);
    if (!await confirm("Go on?")) {
      log("info", "declined", "nothing was changed in AWS");
      return undefined;
    }
  }
  answers.deployed = whereOf(account, answers);
  await writeAnswers(project.folder, answers);
  log("info", "deploying", "deploying, which takes a minute or two");
  return await deploy(pulumi, stack, { interruption, log });
}

/**
 * Deletes what is in AWS.
 *
 * @returns Whether it is gone: false after a no.
 * @throws {SetupError} With what to do.
 */
export async function destroyBridge(at: AwsSide): Promise<boolean> {
  const { mayAsk, interruption, log } = at;
  const { account } = await tellAccount(at);
  const { pulumi, stack } = await openProject(at, "look");
  if (stack) {
    const what = `Delete the relay and all else of this stack in AWS account ${account}?`;
    if (mayAsk && !await confirm(what, false)) return false;
    await undeploy(pulumi, stack, { interruption, log });
  }
  return true;
}

/** @throws {SetupError} If the stack is in another account or region: Pulumi would make all of it anew. */
async function tellAccount({ place, interruption, log }: AwsSide): Promise<AwsAccount> {
  const account = await findAccount(place.region, interruption.signal);
  const where = whereOf(account, place);
  if (place.deployed !== undefined && place.deployed !== where) {
    throw new SetupError(
      `The stack is in AWS account ${place.deployed}, and this would be ${where}. Use that account's ` +
        "credentials and that region, or deploy a second stack by --project FOLDER",
    );
  }
  log("info", "aws-account", `AWS account ${account.account}, as ${account.arn}`, { ...account });
  return account;
}

/** Installs the project's packages, and opens its stack. */
async function openProject(
  { project, place, mayAsk, interruption, log }: AwsSide,
  mode: "create" | "look",
): Promise<{ pulumi: Pulumi; stack: Stack | undefined }> {
  if (!await project.isInstalled()) {
    const what = `npm installs Pulumi's packages in ${project.folder}: some 100 MB, once`;
    log("info", "installing", what, { folder: project.folder });
    await project.install(interruption.signal);
  }
  const pulumi = loadPulumi(project);
  let command = await findCommand(pulumi, project);
  if (!command) {
    if (
      mayAsk &&
      !await confirm("Pulumi's command is not installed. Download it from get.pulumi.com?")
    ) {
      throw new SetupError(`Cannot deploy without the pulumi command. ${BY_HAND}`);
    }
    log("info", "downloading", "downloading the pulumi command from get.pulumi.com");
    command = await downloadCommand(pulumi);
  }
  interruption.signal.throwIfAborted();
  const options = { project, command, state: place["pulumi-state"] };
  return { pulumi, stack: await openStack(pulumi, options, mode) };
}

function whereOf({ account }: AwsAccount, { region }: Place): string {
  return `${account}, region ${region}`;
}

interface Told {
  account: AwsAccount;
  answers: Answers;
  planned: Plan;
  connectRate: number;
}

function tellPlan(log: Log, { account, answers, planned, connectRate }: Told): void {
  const { made, changed, deleted, same } = planned;
  const counts = {
    "to make": made,
    "to change": changed,
    "to delete": deleted,
    "as they are": same,
  };
  const shown = Object.entries(counts).filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`);
  const { region } = answers;
  const text = `AWS account ${whereOf(account, answers)}: ${shown.join(", ")}`;
  log("info", "plan", text, { ...planned, region, origins: originsOf(answers) });
  for (const cost of costLines(connectRate, answers.email)) log("info", "cost", cost);
}
