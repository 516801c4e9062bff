// For tests: one update of a stack by the stand-in for the Pulumi command, as Pulumi's engine does it:
// compare what the program asks for with the stack's resources, carry out the difference, and tell of each
// step by events. The state is written after each of them, so an end at any time loses nothing.
//
// https://www.pulumi.com/docs/iac/automation-api/#engine-events
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { CreatedResource } from "../../../stack/testing/mocks.ts";
import { type MockedResource, runProgram } from "../../../stack/testing/pulumi_process.ts";
import type { ChangeAnswer, ResourceChange } from "./account.ts";
import { type Backend, CliError, type StackResource, type StackState } from "./backend.ts";
import type { EventLog } from "./events.ts";
import type { Project } from "./project.ts";

/** What an update does. */
export type UpdateKind = "preview" | "update" | "destroy";

/** Options of {@linkcode runUpdate}. */
export interface UpdateOptions {
  kind: UpdateKind;
  project: Project;
  stack: string;
  backend: Backend;
  /** The settings as the program gets them. */
  config: Record<string, string>;
  /** The account's URL. */
  account: string;
  events: EventLog;
  /** Cancels the update: the step in progress is given up. */
  signal: AbortSignal;
}

type Operation = "create" | "update" | "replace" | "delete" | "same" | "refresh";

/** How many resources saw each operation. */
export type ChangeSummary = Partial<Record<Operation, number>>;

/** @throws {CliError} If it fails or is cancelled; what was done by then is in the state. */
export async function runUpdate(options: UpdateOptions): Promise<ChangeSummary> {
  const update = new Update(options);
  const trouble = await update.run().then(() => undefined, (error: Error) => error);
  update.end(trouble);
  if (trouble) throw trouble;
  return update.changes;
}

class Update {
  readonly changes: ChangeSummary = {};
  readonly #options: UpdateOptions;
  readonly #state: StackState;
  /** The URNs of what the program asked for. */
  readonly #wanted = new Set<string>();
  /** Ends the program at the first failure. */
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #started = new Date();

  constructor(options: UpdateOptions) {
    this.#options = options;
    this.#state = options.backend.read(options.stack);
    this.#signal = AbortSignal.any([options.signal, this.#failed.signal]);
  }

  async run(): Promise<void> {
    const { kind, events, config, project } = this.#options;
    events.send({ preludeEvent: { config } });
    if (project.refreshes) this.#state.resources.forEach((each) => this.#tell("refresh", each));
    if (kind !== "destroy") await this.#runProgram();
    const isUnwanted = ({ urn }: StackResource) => !this.#wanted.has(urn);
    for (const resource of this.#state.resources.filter(isUnwanted).reverse()) {
      await this.#delete(resource);
    }
    if (kind === "destroy") this.#state.outputs = {};
  }

  /** Tells that the update has ended, and remembers it. */
  end(trouble: Error | undefined): void {
    const { kind, events } = this.#options;
    if (trouble) this.#diagnose(trouble.message);
    const resourceChanges = this.changes;
    const isPreview = kind === "preview";
    const result = trouble ? "failed" : "succeeded";
    const durationSeconds = Math.round((Date.now() - this.#started.getTime()) / 1000);
    events.send({
      summaryEvent: { maybeCorrupt: false, durationSeconds, resourceChanges, isPreview, result },
    });
    events.send({ cancelEvent: {} });
    this.#state.history.unshift({
      kind,
      startTime: this.#started,
      message: "",
      environment: {},
      config: {},
      result,
      endTime: new Date(),
      version: this.#state.history.length + 1,
      resourceChanges,
    });
    this.#save();
  }

  async #runProgram(): Promise<void> {
    const { project: { folder, main }, config, kind, signal } = this.#options;
    const { code, complaints, outputs } = await runProgram(config, {
      folder,
      main,
      isPreview: kind === "preview",
      signal: this.#signal,
      onResource: (resource, mocked) =>
        this.#register(resource, mocked).catch((error) => {
          this.#failed.abort(error);
          throw error;
        }),
    });
    signal.throwIfAborted();
    this.#failed.signal.throwIfAborted();
    for (const complaint of complaints) this.#diagnose(complaint);
    if (code !== 0) throw new CliError(`${kind} failed`);
    this.#state.outputs = outputs;
  }

  /** Takes a resource that the program asks for, with its mocked outputs. */
  async #register(asked: CreatedResource, mocked: MockedResource): Promise<MockedResource> {
    const resource = await this.#describe(asked, mocked);
    const old = this.#state.resources.find(({ urn }) => urn === resource.urn);
    const operation = compare(old, resource);
    this.#wanted.add(resource.urn);
    this.#announce(operation, resource);
    if (operation === "replace") await this.#ask("delete", old!);
    if (operation === "same") resource.outputs = old!.outputs;
    else resource.outputs = await this.#ask(operation === "update" ? "update" : "create", resource);
    const others = this.#state.resources.filter((each) => each !== old);
    this.#state.resources = [...others, resource];
    this.#save();
    this.#tell(operation, resource);
    return { id: mocked.id, state: { ...mocked.state, ...resource.outputs } };
  }

  async #describe(
    { type, name, inputs }: CreatedResource,
    { id, state }: MockedResource,
  ): Promise<StackResource> {
    const { stack, project } = this.#options;
    // In this program, all of AWS's resources belong to the bridge.
    const parent = type.startsWith("aws:") ? "lighthouse:index:Bridge$" : "";
    const { code, ...others } = inputs;
    const path = code && await (await code.assets)["main.mjs"].path;
    return {
      urn: `urn:pulumi:${stack}::${project.name}::${parent}${type}::${name}`,
      type,
      name,
      id: inputs.name ?? (state as { bucket?: string }).bucket ?? id,
      inputs: { ...others, ...path && { code: await digestOf(path) } },
      outputs: {},
      ...path && { bundle: path },
    };
  }

  async #delete(resource: StackResource): Promise<void> {
    this.#signal.throwIfAborted();
    this.#announce("delete", resource);
    await this.#ask("delete", resource);
    this.#state.resources = this.#state.resources.filter((each) => each !== resource);
    this.#save();
    this.#tell("delete", resource);
  }

  /** Asks AWS for a change. @returns The outputs. @throws {CliError} If AWS refuses it. */
  async #ask(
    action: ResourceChange["action"],
    resource: StackResource,
  ): Promise<Record<string, unknown>> {
    const { urn, type, name, id, inputs, bundle } = resource;
    const { kind, account, events } = this.#options;
    if (kind === "preview" || !type.startsWith("aws:")) return {};
    const change: ResourceChange = { action, type, name, id, inputs, bundle };
    const response = await fetch(account, {
      method: "POST",
      body: JSON.stringify(change),
      signal: this.#signal,
    });
    const answer = await response.json() as ChangeAnswer;
    if ("outputs" in answer) return answer.outputs;
    this.#diagnose(answer.error, resource);
    events.send({ resOpFailedEvent: { metadata: { op: action, urn, type }, status: 0, steps: 1 } });
    throw new CliError(`${kind} failed`);
  }

  #announce(op: Operation, { urn, type }: StackResource): void {
    const planning = this.#options.kind === "preview";
    this.#options.events.send({ resourcePreEvent: { metadata: { op, urn, type }, planning } });
  }

  #tell(op: Operation, { urn, type }: StackResource): void {
    const planning = this.#options.kind === "preview";
    this.#options.events.send({ resOutputsEvent: { metadata: { op, urn, type }, planning } });
    if (op !== "refresh") this.changes[op] = (this.changes[op] ?? 0) + 1;
  }

  /** Tells of an error, by an event and on standard output. */
  #diagnose(message: string, { urn, type = "pulumi:pulumi:Stack" }: Partial<StackResource> = {}) {
    console.log(`Diagnostics:\n  ${type}:\n    error: ${message}\n`);
    const text = { prefix: "error: ", message: `${message}\n`, color: "never" };
    this.#options.events.send({ diagnosticEvent: { urn, ...text, severity: "error" } });
  }

  #save(): void {
    const { kind, backend, stack } = this.#options;
    if (kind !== "preview") backend.write(stack, this.#state);
  }
}

function compare(old: StackResource | undefined, wanted: StackResource): Operation {
  if (!old) return "create";
  if (old.id !== wanted.id) return "replace";
  return isDeepStrictEqual(old.inputs, JSON.parse(JSON.stringify(wanted.inputs)))
    ? "same"
    : "update";
}

async function digestOf(path: string): Promise<string> {
  return createHash("sha256").update(await readFile(path)).digest("hex");
}
