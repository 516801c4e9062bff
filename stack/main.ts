/**
 * The program that `pulumi up` runs: config in, outputs out. What it exports are the stack's outputs.
 *
 * @module
 */
import * as pulumi from "@pulumi/pulumi";
import { Bridge } from "./bridge.ts";
import { parseConfig } from "./config.ts";

const config = new pulumi.Config();
const bridge = new Bridge("lighthouse", parseConfig((name) => config.get(name)));

/** The relay's WebSocket URL, for the page's `relay` attribute and the host's `--relay`. */
export const webSocketUrl = bridge.webSocketUrl;

/** The relay's Lambda, for the host's `--function`. */
export const functionName = bridge.functionName;

/** The AWS region, for the host's `--region`. */
export const region = bridge.region;

/** The policy that the laptop's credentials need. */
export const hostPolicyArn = bridge.hostPolicyArn;

/** The IAM user that has it; empty without `hostUser`. */
export const hostUserName = bridge.hostUserName ?? "";

/** What to paste into a page. */
export const page = pulumi.interpolate`<script type="module" src="lighthouse-tunnel.js"></script>
<lighthouse-tunnel relay="${webSocketUrl}"></lighthouse-tunnel>`;

/** What to run on the laptop; the backend's address is an example. */
export const hostCommand = pulumi
  .interpolate`lighthouse-host run --relay ${webSocketUrl} --function ${functionName} --region ${region} --backend http://127.0.0.1:5000`;
