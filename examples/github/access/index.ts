// A bucket for Pulumi's state, and two roles that the workflows of one repository take: one reads for `pulumi
// preview`, and one deploys from the branch main.
import { Config, interpolate } from "@pulumi/pulumi";
import { GitHubDeployer } from "lighthouse-tunnel/pulumi";

const config = new Config();
const github = new GitHubDeployer("lighthouse-github", {
  repository: config.require("repository"),
  providerArn: config.get("providerArn"),
});

/** Where the stack's state is, for `pulumi login`. */
export const stateUrl = github.stateUrl;

/** For the stack's setting `relayBoundary`. */
export const relayBoundary = github.relayBoundaryArn;

/** The repository's variables, for `gh variable set --env-file`. */
export const variables = interpolate`AWS_REGION=${github.region}
AWS_PREVIEW_ROLE=${github.previewRoleArn}
AWS_DEPLOY_ROLE=${github.deployRoleArn}
PULUMI_BACKEND_URL=${github.stateUrl}`;
