// For tests with the real Pulumi command: the plugin `pulumi-resource-aws`, whose AWS is an account of
// account.ts.
//
// Started as `node provider.ts ACCOUNT_URL ENGINE_ADDRESS`.
//
// https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
import { Server, ServerCredentials } from "@grpc/grpc-js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import aws from "@pulumi/aws/package.json" with { type: "json" };
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { RecordingMocks } from "../../../stack/testing/mocks.ts";
import type { ChangeAnswer, ResourceChange } from "./account.ts";

// deno-lint-ignore no-explicit-any
type Call = { request: any };
// deno-lint-ignore no-explicit-any
type Callback = (error: any, response?: any) => void;

const [account = ""] = process.argv.slice(2);
const mocks = new RecordingMocks();
/** Gives up the calls in progress, as the real provider does. */
const cancelled = new AbortController();

/** Answers a call by an async function. */
// deno-lint-ignore no-explicit-any
function by(respond: (request: any) => unknown) {
  return ({ request }: Call, callback: Callback) => {
    Promise.resolve(request).then(respond).then(
      (response) => callback(null, response),
      (error) => callback({ code: 2, details: error.message }),
    );
  };
}

function of(urn: string): { type: string; name: string } {
  const [, , types = "", name = ""] = urn.split("::");
  return { type: types.split("$").at(-1)!, name };
}

/** @throws AWS's error. */
async function ask(change: ResourceChange): Promise<Record<string, unknown>> {
  const response = await fetch(account, {
    method: "POST",
    body: JSON.stringify(change),
    signal: cancelled.signal,
  });
  const answer = await response.json() as ChangeAnswer;
  if ("error" in answer) throw new Error(answer.error);
  return answer.outputs;
}

// deno-lint-ignore no-explicit-any
async function make(action: "create" | "update", urn: string, inputs: any, isPreview: boolean) {
  const { type, name } = of(urn);
  const mocked = mocks.newResource({ type, name, inputs, custom: true });
  // deno-lint-ignore no-explicit-any
  const state = mocked.state as any;
  const id = inputs.name ?? state.bucket ?? mocked.id;
  const bundle = inputs.code?.assets["main.mjs"].path;
  const outputs = isPreview ? {} : await ask({ action, type, name, id, inputs, bundle });
  return { id, properties: struct.Struct.fromJavaScript({ ...inputs, ...state, ...outputs }) };
}

const server = new Server();
server.addService(providerService.ResourceProviderService, {
  getPluginInfo: by(() => {
    const info = new pluginMessages.PluginInfo();
    info.setVersion(aws.version);
    return info;
  }),
  checkConfig: by(check),
  diffConfig: by(() => new messages.DiffResponse()),
  configure: by(() => {
    const response = new messages.ConfigureResponse();
    response.setAcceptsecrets(false);
    response.setSupportspreview(true);
    return response;
  }),
  check: by(check),
  diff: by((request) => {
    const [old, wanted] = [request.getOldInputs(), request.getNews()].map((each) =>
      each.toJavaScript()
    );
    const response = new messages.DiffResponse();
    const changed = Object.keys({ ...old, ...wanted }).filter((key) =>
      !isDeepStrictEqual(old[key], wanted[key])
    );
    const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
    response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
    response.setReplacesList(changed.filter((key) => key === "name"));
    response.setDeletebeforereplace(true);
    return response;
  }),
  create: by(async (request) => {
    const inputs = request.getProperties().toJavaScript();
    const made = await make("create", request.getUrn(), inputs, request.getPreview());
    const response = new messages.CreateResponse();
    response.setId(made.id);
    response.setProperties(made.properties);
    return response;
  }),
  update: by(async (request) => {
    const inputs = request.getNews().toJavaScript();
    const made = await make("update", request.getUrn(), inputs, request.getPreview());
    const response = new messages.UpdateResponse();
    response.setProperties(made.properties);
    return response;
  }),
  read: by((request) => {
    const response = new messages.ReadResponse();
    response.setId(request.getId());
    response.setProperties(request.getProperties());
    response.setInputs(request.getInputs());
    return response;
  }),
  delete: by(async (request) => {
    const { type, name } = of(request.getUrn());
    await ask({ action: "delete", type, name, id: request.getId(), inputs: {} });
    return new empty.Empty();
  }),
  cancel: by(() => {
    cancelled.abort();
    return new empty.Empty();
  }),
});

// deno-lint-ignore no-explicit-any
function check(request: any) {
  const response = new messages.CheckResponse();
  response.setInputs(request.getNews());
  return response;
}

server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
