// Plans and deploys the stack, and tells of each resource.
import { DEFAULT_HOST, toBase64url } from "../../wire/mod.ts";
import type { Log } from "../platform/log.ts";
import { type Answers, originsOf } from "./answers.ts";
import type { Interruption } from "./interruption.ts";
import {
  type EngineEvent,
  type OpMap,
  type Pulumi,
  saidBy,
  type Stack,
  withLock,
} from "./pulumi.ts";
import { SetupError } from "./setup_error.ts";
import { explainTrouble } from "./troubles.ts";

/** Connections a second: docs/decisions.md, "Setup allows ten connects a second". */
const CONNECT_RATE = 10;

/** What a change of a resource is called. */
const DONE: Record<string, string> = {
  create: "made",
  update: "changed",
  replace: "replaced",
  delete: "deleted",
};

/** What a plan counts. */
export interface Plan {
  made: number;
  changed: number;
  deleted: number;
  same: number;
}

/** Options of {@linkcode configure}. */
export interface StackSettings {
  answers: Answers;
  /** The host's raw public key. */
  publicKey: Uint8Array;
}

/**
 * Sets the stack's configuration. Settings of the user's own, and the keys of other hosts, stay.
 *
 * @returns What bounds the cost.
 * @throws {SetupError} If the stack has another key for this host's name.
 */
export async function configure(
  stack: Stack,
  { answers, publicKey }: StackSettings,
): Promise<{ connectRate: number }> {
  const found = await stack.getAllConfig();
  const get = (name: string) => found[`lighthouse:${name}`]?.value;
  const set: Record<string, { value: string }> = {};
  const put = (name: string, value: string) => set[name] = { value };
  const lists = {
    allowedOrigins: originsOf(answers),
    hostKeys: hostKeysWith(parseList(get("hostKeys")), answers.host ?? DEFAULT_HOST, publicKey),
  };
  put("aws:region", answers.region);
  put("lighthouse:registry", "relay");
  if (answers.function !== undefined) put("lighthouse:functionName", answers.function);
  if (answers.email) put("lighthouse:email", answers.email);
  else if (get("email") !== undefined) await stack.removeConfig("lighthouse:email");
  const connectRate = get("connectRate") ?? String(CONNECT_RATE);
  put("lighthouse:connectRate", connectRate);
  for (const [name, items] of Object.entries(lists)) {
    // A list that has become shorter would keep its last items, and a text takes none.
    const before = get(name) ?? "[]";
    if (!before.startsWith("[") || parseList(before).length > items.length) {
      await stack.removeConfig(`lighthouse:${name}`);
    }
    for (const [at, item] of items.entries()) put(`lighthouse:${name}[${at}]`, item);
  }
  await stack.setAllConfig(set, true);
  return { connectRate: Number(connectRate) };
}

/** The keys of the stack's hosts with this one's. @throws {SetupError} If another one has this name. */
function hostKeysWith(items: string[], host: string, publicKey: Uint8Array): string[] {
  const key = toBase64url(publicKey);
  const wanted = `${host}=${key}`;
  const nameOf = (item: string) => item.includes("=") ? item.split("=")[0] : DEFAULT_HOST;
  const same = items.find((item) => nameOf(item) === host);
  if (same === undefined) return [...items, wanted];
  if (same.endsWith(key)) return items;
  throw new SetupError(
    `The stack has another key for the host ${host}. If that is another machine, give this one a name ` +
      "by --host NAME. If this one replaces it, remove that key from Pulumi.prod.yaml first",
  );
}

/** A list of Pulumi's configuration: JSON, or text with commas, as stack/config.ts takes it. */
function parseList(text = "[]"): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : [];
  } catch {
    return text.split(",").map((item) => item.trim()).filter(Boolean);
  }
}

/** Finds what a deployment would change. @throws {SetupError} */
export async function plan(
  pulumi: Pulumi,
  stack: Stack,
  interruption: Interruption,
): Promise<Plan> {
  const preview = (options: Watched) => stack.preview(options);
  const { changeSummary } = await watched(pulumi, stack, { interruption }, preview);
  return countsOf(changeSummary);
}

/** The outputs of a stack that is deployed, in JSON as `pulumi stack output --json` prints them. */
export async function outputsOf(stack: Stack): Promise<string> {
  const values = Object.entries(await stack.outputs()).map(([name, { value }]) => [name, value]);
  return JSON.stringify(Object.fromEntries(values));
}

/**
 * Deploys, and tells of each resource.
 *
 * @returns The outputs, as {@linkcode outputsOf} does.
 * @throws {SetupError} With what to do. Resources that were made stay, and the next run goes on with them.
 */
export async function deploy(
  pulumi: Pulumi,
  stack: Stack,
  options: { interruption: Interruption; log: Log },
): Promise<string> {
  await watched(pulumi, stack, options, (each) => stack.up(each));
  return await outputsOf(stack);
}

/** Deletes everything in AWS, and then the stack. @throws {SetupError} */
export async function undeploy(
  pulumi: Pulumi,
  stack: Stack,
  options: { interruption: Interruption; log: Log },
): Promise<void> {
  await watched(pulumi, stack, options, (each) => stack.destroy(each));
  await stack.workspace.removeStack(stack.name);
}

interface Watched {
  onEvent: (event: EngineEvent) => void;
  signal: AbortSignal;
}

/** Runs an update, whose resources are told, and whose errors are explained. */
async function watched<T>(
  pulumi: Pulumi,
  stack: Stack,
  { interruption, log }: { interruption: Interruption; log?: Log },
  update: (options: Watched) => Promise<T>,
): Promise<T> {
  const troubles: string[] = [];
  function onEvent({ diagnosticEvent, resOutputsEvent }: EngineEvent): void {
    if (diagnosticEvent?.severity === "error") troubles.push(diagnosticEvent.message);
    const { op = "", urn = "", type = "" } = resOutputsEvent?.metadata ?? {};
    if (!type.startsWith("aws:") || !DONE[op]) return;
    const [, module = "", kind = ""] = /^aws:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
    const name = urn.split("::").at(-1);
    log?.("info", "resource", `${DONE[op]} ${module} ${kind} ${name}`, { op, type, name });
  }
  try {
    return await withLock(
      pulumi,
      stack,
      () => update({ onEvent, signal: interruption.forPrograms }),
    );
  } catch (error) {
    if (error instanceof SetupError) throw error;
    interruption.signal.throwIfAborted();
    throw new SetupError(explainTrouble(troubles, saidBy(error)), { cause: error });
  }
}

function countsOf(changes: OpMap): Plan {
  const sum = (...names: (keyof OpMap)[]) =>
    names.reduce((total, name) => total + (changes[name] ?? 0), 0);
  return {
    made: sum("create"),
    changed: sum("update", "replace"),
    deleted: sum("delete"),
    same: sum("same"),
  };
}
