// The WebSocket API to which pages and the host connect.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./config.ts";
import { throttlesOf } from "./throttles.ts";

/** The stage's name, which is the path of the WebSocket URL. */
export const STAGE = "prod";

/**
 * Creates the API without routes: the Lambda's role needs its ARN before the Lambda exists.
 *
 * https://www.pulumi.com/registry/packages/aws/api-docs/apigatewayv2/api/
 */
export function webSocketApi(
  name: string,
  tags: Record<string, string>,
  parent: pulumi.Resource,
): aws.apigatewayv2.Api {
  return new aws.apigatewayv2.Api(name, {
    description: "Lighthouse: introduces pages to a laptop",
    protocolType: "WEBSOCKET",
    routeSelectionExpression: "$request.body.action",
    // A laptop or a page may have only IPv6.
    ipAddressType: "dualstack",
    tags,
  }, { parent });
}

/** Options of {@linkcode deployRoutes}. */
export interface DeployRoutesOptions {
  api: aws.apigatewayv2.Api;
  relay: aws.lambda.Function;
  settings: Settings;
  tags: Record<string, string>;
}

/**
 * Routes all messages to the Lambda, lets the API invoke it, and deploys the API on its stage.
 *
 * - https://www.pulumi.com/registry/packages/aws/api-docs/apigatewayv2/route/
 * - https://www.pulumi.com/registry/packages/aws/api-docs/apigatewayv2/stage/
 * - https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
 */
export function deployRoutes(
  name: string,
  { api, relay, settings, tags }: DeployRoutesOptions,
  parent: pulumi.Resource,
): aws.apigatewayv2.Stage {
  const permission = new aws.lambda.Permission(`${name}-gateway`, {
    action: "lambda:InvokeFunction",
    function: relay.name,
    principal: "apigateway.amazonaws.com",
    sourceArn: pulumi.interpolate`${api.executionArn}/${STAGE}/*`,
  }, { parent });

  const integration = new aws.apigatewayv2.Integration(`${name}-relay`, {
    apiId: api.id,
    integrationType: "AWS_PROXY",
    integrationMethod: "POST",
    integrationUri: relay.invokeArn,
  }, { parent });

  const throttles = Object.entries(throttlesOf(settings));
  const routes = throttles.map(([routeKey]) =>
    new aws.apigatewayv2.Route(`${name}-${routeKey.replace("$", "")}`, {
      apiId: api.id,
      routeKey,
      authorizationType: "NONE",
      target: pulumi.interpolate`integrations/${integration.id}`,
    }, { parent })
  );

  return new aws.apigatewayv2.Stage(name, {
    apiId: api.id,
    name: STAGE,
    autoDeploy: true,
    // Set both everywhere: a stage with only one of them may answer 429 to everybody.
    defaultRouteSettings: {
      throttlingBurstLimit: settings.throttleBurst,
      throttlingRateLimit: settings.throttleRate,
    },
    routeSettings: throttles.map(([routeKey, { rate, burst }]) => ({
      routeKey,
      throttlingBurstLimit: burst,
      throttlingRateLimit: rate,
    })),
    tags,
    // An API without routes cannot be deployed, and AWS refuses settings of a route that does not exist.
  }, { parent, dependsOn: [...routes, permission] });
}
