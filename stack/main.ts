/**
 * The program that `pulumi up` runs. Its exports are the stack's outputs.
 *
 * @module
 */
import * as pulumi from "@pulumi/pulumi";
import { Bridge } from "./bridge.ts";
import { checkConcurrency } from "./concurrency.ts";
import { parseConfig } from "./config.ts";
import { DEFAULT_HOST } from "./hosts.ts";

const config = new pulumi.Config();
const settings = parseConfig((name) => config.get(name));
await checkConcurrency(settings);
const bridge = new Bridge("lighthouse", settings);

/** The relay's WebSocket URL, for the page's `relay` attribute and the host's `--relay`. */
export const webSocketUrl = bridge.webSocketUrl;

/** The relay's Lambda, for the host's `--function`. */
export const functionName = bridge.functionName;

/** The AWS region, for the host's `--region`. */
export const region = bridge.region;

/** The policy that the laptop's credentials need; empty with the registry `relay`. */
export const hostPolicyArn = bridge.hostPolicyArn ?? "";

/** The IAM user that has it; empty without `hostUser`. */
export const hostUserName = bridge.hostUserName ?? "";

/** The role that has it; empty without `hostRoleFor`. */
export const hostRoleArn = bridge.hostRoleArn ?? "";

/** The registry's kind, `lambda-env`, `s3` or `relay`, for the host's `--registry`. */
export const registry = settings.registry;

/** The registry's bucket, with `s3` for the host's `--bucket`; empty with `lambda-env`. */
export const bucket = bridge.bucket ?? "";

/** The throttles of connects and of messages, in requests a second, for `lighthouse-host cost`. */
export const throttles = `${settings.connectRate}/${settings.throttleRate}`;

/** With a bucket, each host's policy and user, by the host's name. */
export const hosts = bridge.hosts;

const [firstHost] = settings.hosts;
const named = firstHost === DEFAULT_HOST ? "" : ` host="${firstHost}"`;
const readable = bridge.registryUrl ? pulumi.interpolate` registry="${bridge.registryUrl}"` : "";

/** HTML for a page; with several hosts, it reaches the first one. */
export const page = pulumi.interpolate`<script type="module" src="lighthouse-tunnel.js"></script>
<lighthouse-tunnel relay="${webSocketUrl}"${named}${readable}></lighthouse-tunnel>`;

/** The flags by which the first host finds its registry. */
const where = {
  "lambda-env": pulumi.interpolate`--function ${functionName} --region ${region}`,
  "s3": pulumi
    .interpolate`--registry s3 --bucket ${bucket} --host ${firstHost} --region ${region}`,
  "relay": `--registry relay --host ${firstHost}`,
}[registry];

/** The command for the laptop; with several hosts, for the first one. The backend's address is an example. */
export const hostCommand = pulumi
  .interpolate`lighthouse-host run --relay ${webSocketUrl} ${where} --backend http://127.0.0.1:5000`;
