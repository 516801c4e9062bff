// All of Lighthouse's resources in AWS, as one component.
import * as pulumi from "@pulumi/pulumi";
import { alarms } from "./alarms.ts";
import { parseSettings, type Settings } from "./config.ts";
import { deployRoutes, STAGE, webSocketApi } from "./gateway.ts";
import { type HostAccess, hostAccess } from "./host_access.ts";
import { registryBucket } from "./registry_bucket.ts";
import { relayFunction } from "./relay_function.ts";

/** Arguments of {@linkcode Bridge}. All settings except the origins have defaults. */
export interface BridgeArgs
  extends Pick<Settings, "allowedOrigins">, Partial<Omit<Settings, "allowedOrigins">> {
  /** Tags of all resources that take tags. @default { project, stack } with `lighthouse` and the stack's name */
  tags?: Record<string, string>;
  /** The built relay. @default the package's own */
  bundle?: URL;
}

/** The resources of one host. */
export interface HostOutputs {
  /** The policy that its credentials need; empty with the registry `relay`, with which it needs none. */
  policyArn: pulumi.Output<string> | "";
  /** The IAM user that has it; empty without `hostUser`. */
  userName: pulumi.Output<string> | "";
  /** The role that has it; empty without `hostRoleFor`. */
  roleArn: pulumi.Output<string> | "";
}

/**
 * A WebSocket API, the Lambda `SignalingRelay` behind it, and the rights that host and relay need.
 *
 * https://www.pulumi.com/docs/iac/concepts/resources/components/
 *
 * @example
 * ```ts
 * import { Bridge } from "lighthouse-tunnel/pulumi";
 *
 * const bridge = new Bridge("notes", { allowedOrigins: ["https://you.github.io"] });
 * export const relay = bridge.webSocketUrl;
 * ```
 */
export class Bridge extends pulumi.ComponentResource {
  /** What pages and the host connect to: `wss://….execute-api.REGION.amazonaws.com/prod`. */
  readonly webSocketUrl: pulumi.Output<string>;
  /** The Lambda's name, for the host's `--function`. */
  readonly functionName: pulumi.Output<string>;
  /** The AWS region, for the host's `--region`. */
  readonly region: pulumi.Output<string>;
  /** The policy that the laptop's credentials need; undefined with the registry `relay`. */
  readonly hostPolicyArn: pulumi.Output<string> | undefined;
  /** The laptop's IAM user; undefined without `hostUser`. */
  readonly hostUserName: pulumi.Output<string> | undefined;
  /** The laptop's role; undefined without `hostRoleFor`. */
  readonly hostRoleArn: pulumi.Output<string> | undefined;
  /** The registry's bucket, with `s3` for `--bucket`; undefined with `lambda-env`. */
  readonly bucket: pulumi.Output<string> | undefined;
  /** URL of the entries, for the page's `registry` attribute; undefined if pages may not read them. */
  readonly registryUrl: pulumi.Output<string> | undefined;
  /** With a bucket, each host's resources by its name. The first host has those above. */
  readonly hosts: Record<string, HostOutputs>;

  /** @throws {pulumi.RunError} If a setting is wrong, or the relay has not been built. */
  constructor(name: string, args: BridgeArgs, options?: pulumi.ComponentResourceOptions) {
    super("lighthouse:index:Bridge", name, {}, options);
    const {
      tags = { project: "lighthouse", stack: pulumi.getStack() },
      bundle = new URL(import.meta.resolve("#relay")),
      ...unchecked
    } = args;
    const settings = parseSettings(unchecked);

    // Each needs the one before: API, then role and Lambda, then routes and stage.
    const api = webSocketApi(name, tags, this);
    const { registry, email } = settings;
    const hasBucket = registry !== "lambda-env";
    const bucket = hasBucket ? registryBucket(name, { settings, tags }, this) : undefined;
    const relay = relayFunction(name, { settings, api, stage: STAGE, bundle, tags, bucket }, this);
    const stage = deployRoutes(name, { api, relay, settings, tags }, this);
    const accesses = settings.hosts.map((host): Partial<HostAccess> & { host: string } =>
      registry === "relay"
        ? { host }
        : hostAccess(name, host, { relay, bucket, settings, tags }, this)
    );
    if (email) alarms(name, { email, api, stage: STAGE, relay, settings, tags }, this);

    this.webSocketUrl = stage.invokeUrl;
    this.functionName = relay.name;
    this.region = relay.region;
    // parseSettings() guarantees at least one host.
    const { policy, user, role } = accesses[0]!;
    this.hostPolicyArn = policy?.arn;
    this.hostUserName = user?.name;
    this.hostRoleArn = role?.arn;
    this.bucket = bucket?.bucket;
    this.registryUrl = bucket && settings.publicRegistry
      ? pulumi.interpolate`https://${bucket.bucket}.s3.dualstack.${relay.region}.amazonaws.com`
      : undefined;
    this.hosts = Object.fromEntries(
      hasBucket
        ? accesses.map(({ host, policy, user, role }) => [host, {
          policyArn: policy?.arn ?? "",
          userName: user?.name ?? "",
          roleArn: role?.arn ?? "",
        }])
        : [],
    );
    this.registerOutputs({
      webSocketUrl: this.webSocketUrl,
      functionName: this.functionName,
      region: this.region,
      hostPolicyArn: this.hostPolicyArn,
      hostUserName: this.hostUserName,
      hostRoleArn: this.hostRoleArn,
      bucket: this.bucket,
      registryUrl: this.registryUrl,
      hosts: this.hosts,
    });
  }
}
