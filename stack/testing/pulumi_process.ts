// Runs a Pulumi program, such as stack/main.ts, as the Pulumi command does: in a process of Pulumi's own
// runner, connected by gRPC to an engine. The engine here is a stand-in that takes resources as Pulumi's mocks do, so it
// also sees what mocks do not: each resource's options.
//
// gRPC and protobuf are those that @pulumi/pulumi brings.
// https://github.com/pulumi/pulumi/tree/master/proto/pulumi
import { Server, ServerCredentials } from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import resourceService from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resourceMessages from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type CreatedResource, type MockedCalls, RecordingMocks } from "./mocks.ts";

/** A resource's options, as the engine gets them. */
export interface RegisteredOptions {
  /** The parent, as `type name`; empty for the stack itself. */
  parent: string;
  ignoreChanges: string[];
  /** Earlier names of the resource, without its type. */
  aliases: string[];
  /** What must be there first, each as `type name`. */
  dependencies: string[];
}

/** How a run of the program ended. */
export interface PulumiRun {
  code: number | null;
  /** What it logged as an error or a warning. */
  complaints: string[];
  mocks: RecordingMocks;
  /** By `type name`. */
  options: Map<string, RegisteredOptions>;
  /** The stack's outputs. */
  outputs: Record<string, unknown>;
}

// deno-lint-ignore no-explicit-any
type Call = { request: any };
// deno-lint-ignore no-explicit-any
type Callback = (error: any, response?: any) => void;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Options of {@linkcode runProgram}. */
export interface RunProgramOptions {
  /** AWS's answers to the calls of the program. @default none */
  calls?: MockedCalls;
  /** The project's folder, whose `node_modules` have Pulumi. @default the repository */
  folder?: string;
  /** The program, as the project's `main` names it. @default "stack/main.ts" */
  main?: string;
  /** Called with each resource and its mocked outputs. Returns what it got, or throws to fail the resource. */
  onResource?: (resource: CreatedResource, mocked: MockedResource) => Promise<MockedResource>;
  /** Whether the program is told that this is a preview. @default false */
  isPreview?: boolean;
  /** Ends the program. */
  signal?: AbortSignal;
}

/** A resource's id and outputs. */
export type MockedResource = ReturnType<RecordingMocks["newResource"]>;

/**
 * Runs a program once, as the stack `prod` of the project `lighthouse`.
 *
 * @param config Each setting's text by its full name, such as `lighthouse:email`.
 */
export async function runProgram(
  config: Record<string, string>,
  { calls, onResource, ...how }: RunProgramOptions = {},
): Promise<PulumiRun> {
  const mocks = new RecordingMocks(calls);
  const options: PulumiRun["options"] = new Map();
  const complaints: string[] = [];
  let outputs: Record<string, unknown> = {};
  await pulumi.runtime.setMocks(mocks, "lighthouse", "prod");
  const monitor = new MockMonitor({
    call: (args) => mocks.call(args),
    newResource(args) {
      const mocked = mocks.newResource(args);
      return onResource ? onResource(args, mocked) : mocked;
    },
  });
  const server = new Server();
  server.addService(resourceService.ResourceMonitorService, {
    ...respondEmpty("signalAndWaitForShutdown"),
    supportsFeature(_: Call, callback: Callback) {
      callback(null, new resourceMessages.SupportsFeatureResponse());
    },
    getDeploymentInfo: ({ request }: Call, callback: Callback) =>
      monitor.getDeploymentInfo(request, callback),
    invoke: ({ request }: Call, callback: Callback) => monitor.invoke(request, callback),
    registerResource({ request }: Call, callback: Callback) {
      options.set(`${request.getType()} ${request.getName()}`, {
        parent: describe(request.getParent()),
        ignoreChanges: request.getIgnorechangesList(),
        // deno-lint-ignore no-explicit-any
        aliases: request.getAliasesList().map((alias: any) => alias.getSpec().getName()),
        dependencies: request.getDependenciesList().map(describe),
      });
      return monitor.registerResource(request, callback);
    },
    registerResourceOutputs({ request }: Call, callback: Callback) {
      if (request.getUrn().includes("pulumi:pulumi:Stack")) {
        outputs = request.getOutputs().toJavaScript();
      }
      callback(null, new empty.Empty());
    },
  });
  let root = "";
  server.addService(engineService.EngineService, {
    log({ request }: Call, callback: Callback) {
      if (request.getSeverity() > engineMessages.LogSeverity.INFO) {
        complaints.push(request.getMessage().trim());
      }
      callback(null, new empty.Empty());
    },
    getRootResource(_: Call, callback: Callback) {
      const response = new engineMessages.GetRootResourceResponse();
      response.setUrn(root);
      callback(null, response);
    },
    setRootResource({ request }: Call, callback: Callback) {
      root = request.getUrn();
      callback(null, new engineMessages.SetRootResourceResponse());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      "127.0.0.1:0",
      ServerCredentials.createInsecure(),
      (error, port) => error ? reject(error) : resolve(port),
    )
  );
  const code = await runPulumi(`127.0.0.1:${port}`, config, how);
  server.forceShutdown();
  return { code, complaints, mocks, options, outputs };
}

/** Runs the command that `pulumi up` starts for a program in one file, with `typescript: false`. */
async function runPulumi(
  address: string,
  config: Record<string, string>,
  { folder = ROOT, main = "stack/main.ts", isPreview, signal }: RunProgramOptions,
): Promise<number | null> {
  const { resolve } = createRequire(join(folder, "package.json"));
  const child = spawn(process.execPath, [
    resolve("@pulumi/pulumi/cmd/run/index.js"),
    `--monitor=${address}`,
    `--engine=${address}`,
    "--project=lighthouse",
    "--stack=prod",
    `--root-directory=${folder}`,
    `--pwd=${join(folder, dirname(main))}`,
    ...isPreview ? ["--dry-run"] : [],
    basename(main),
  ], {
    stdio: ["ignore", "inherit", "inherit"],
    signal,
    env: {
      ...process.env,
      PULUMI_NODEJS_TYPESCRIPT: "false",
      PULUMI_CONFIG: JSON.stringify(config),
    },
  });
  // An abort is an error, and then an end.
  child.on("error", () => {});
  return await new Promise((resolve) => child.on("close", resolve));
}

/** A URN's type, without those of its parents, and its name. */
function describe(urn: string): string {
  const [, , types = "", name = ""] = urn.split("::");
  return `${types.split("$").at(-1)} ${name}`.trim();
}

function respondEmpty(method: string) {
  return { [method]: (_: Call, callback: Callback) => callback(null, new empty.Empty()) };
}
