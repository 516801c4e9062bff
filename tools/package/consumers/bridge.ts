// A Pulumi program, as TypeScript sees it.
import type * as pulumi from "@pulumi/pulumi";
import { Bridge, type BridgeArgs } from "lighthouse-tunnel/pulumi";

const args: BridgeArgs = { allowedOrigins: ["https://you.github.io"], registry: "s3" };
const bridge = new Bridge("notes", args);
// @ts-expect-error: there is no such registry.
new Bridge("other", { ...args, registry: "dynamodb" });

export const relay: pulumi.Output<string> = bridge.webSocketUrl;
