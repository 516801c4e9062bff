/**
 * The AWS side of Lighthouse, for a Pulumi program of your own. `pulumi up` in the repository runs
 * `main.ts`, which needs none.
 *
 * @module
 */
export { Bridge, type BridgeArgs } from "./bridge.ts";
export type { Settings } from "./config.ts";
export {
  bucketHostPolicy,
  hostPolicy,
  type PolicyDocument,
  type PolicyStatement,
  relayPolicy,
} from "./policy.ts";
