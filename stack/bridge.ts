// Everything of Lighthouse that stands in AWS, as one component.
import * as pulumi from "@pulumi/pulumi";
import { alarms } from "./alarms.ts";
import { parseSettings, type Settings } from "./config.ts";
import { deployRoutes, STAGE, webSocketApi } from "./gateway.ts";
import { hostAccess } from "./host_access.ts";
import { relayFunction } from "./relay_function.ts";

/** Arguments of {@linkcode Bridge}: settings, of which all but the origins have defaults. */
export interface BridgeArgs
  extends Pick<Settings, "allowedOrigins">, Partial<Omit<Settings, "allowedOrigins">> {
  /** Tags of everything that takes tags. @default { project, stack } with `lighthouse` and the stack's name */
  tags?: Record<string, string>;
  /** The built relay. @default relay/dist/main.mjs, which `npm run build` makes */
  bundle?: URL;
}

/**
 * A WebSocket API, the Lambda `SignalingRelay` behind it, and the rights that host and relay need.
 *
 * https://www.pulumi.com/docs/iac/concepts/resources/components/
 *
 * @example
 * ```ts
 * import { Bridge } from "./mod.ts";
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
  /** The policy that the laptop's credentials need. */
  readonly hostPolicyArn: pulumi.Output<string>;
  /** The laptop's IAM user; undefined without `hostUser`. */
  readonly hostUserName: pulumi.Output<string> | undefined;

  /** @throws {pulumi.RunError} where a setting is wrong, or the relay has not been built. */
  constructor(name: string, args: BridgeArgs, options?: pulumi.ComponentResourceOptions) {
    super("lighthouse:index:Bridge", name, {}, options);
    const {
      tags = { project: "lighthouse", stack: pulumi.getStack() },
      bundle = new URL("../relay/dist/main.mjs", import.meta.url),
      ...unchecked
    } = args;
    const settings = parseSettings(unchecked);

    // In this order, since each needs the one before: API, role and Lambda, routes and stage.
    const api = webSocketApi(name, tags, this);
    const relay = relayFunction(name, { settings, api, stage: STAGE, bundle, tags }, this);
    const stage = deployRoutes(name, { api, relay, settings, tags }, this);
    const { policy, user } = hostAccess(name, { relay, settings, tags }, this);
    const { email } = settings;
    if (email) alarms(name, { email, relay, settings, tags }, this);

    this.webSocketUrl = stage.invokeUrl;
    this.functionName = relay.name;
    this.region = relay.region;
    this.hostPolicyArn = policy.arn;
    this.hostUserName = user?.name;
    this.registerOutputs({
      webSocketUrl: this.webSocketUrl,
      functionName: this.functionName,
      region: this.region,
      hostPolicyArn: this.hostPolicyArn,
      hostUserName: this.hostUserName,
    });
  }
}
