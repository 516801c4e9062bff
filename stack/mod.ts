/**
 * The AWS side of Lighthouse, to use in your own Pulumi program. `pulumi up` in the repository runs
 * `main.ts`.
 *
 * @module
 */
export { Bridge, type BridgeArgs } from "./bridge.ts";
export { GitHubDeployer, type GitHubDeployerArgs } from "./github_deployer.ts";
export type { Settings } from "./config.ts";
export {
  bucketHostPolicy,
  hostPolicy,
  type PolicyDocument,
  type PolicyStatement,
  relayPolicy,
} from "./policy.ts";
