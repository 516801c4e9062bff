// What the alarms watch, from which number on, and what their mails advise.
//
// - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
// - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
import type * as aws from "@pulumi/aws";
import type { Settings } from "./config.ts";
import { TIMEOUT_S } from "./relay_function.ts";

/** What is watched. */
export interface Watched {
  api: aws.apigatewayv2.Api;
  /** The API's stage, by name. */
  stage: string;
  relay: aws.lambda.Function;
  settings: Settings;
}

/** The part of an alarm that differs from one to another. */
export type Watch = Omit<
  aws.cloudwatch.MetricAlarmArgs,
  "alarmActions" | "tags" | "treatMissingData"
>;

/** Milliseconds by which a run that its timeout has ended may be longer than that. */
const TIMEOUT_SLACK_MS = 1_000;

/** Where the mails send the owner. */
const COST = 'docs/aws.md, "What somebody else could make you pay", says how much and what to do';

/** Mail at the first event in five minutes. */
const AT_FIRST = {
  statistic: "Sum",
  period: 300,
  evaluationPeriods: 1,
  threshold: 1,
  comparisonOperator: "GreaterThanOrEqualToThreshold",
};

/**
 * Mail after three of five minutes, so that a short rush sends none: docs/decisions.md, "Alarms at half of what
 * the gateway takes".
 */
const IN_MINUTES = {
  period: 60,
  evaluationPeriods: 5,
  datapointsToAlarm: 3,
  comparisonOperator: "GreaterThanOrEqualToThreshold",
};

/** The alarms, by name. */
export function watchesOf({ api, stage, relay, settings }: Watched): Record<string, Watch> {
  const { throttleRate, connectRate, reservedConcurrency = Infinity, registry } = settings;
  const ofRelay = { namespace: "AWS/Lambda", dimensions: { FunctionName: relay.name } };
  const ofGateway = {
    namespace: "AWS/ApiGateway",
    dimensions: { ApiId: api.id, Stage: stage },
    statistic: "Sum",
  };
  return {
    errors: {
      alarmDescription: "The relay failed or took too long: read its log group",
      ...ofRelay,
      metricName: "Errors",
      ...AT_FIRST,
    },
    throttles: {
      alarmDescription:
        "Lambda refused to run the relay: its concurrency limit is too low, or somebody uses " +
        `it up. ${COST}`,
      ...ofRelay,
      metricName: "Throttles",
      ...AT_FIRST,
    },
    connects: {
      alarmDescription: `A flood of connections, or very many visitors. ${COST}`,
      ...ofGateway,
      metricName: "ConnectCount",
      ...IN_MINUTES,
      threshold: 60 * Math.min(throttleRate, connectRate) / 2,
    },
    messages: {
      alarmDescription: `A flood of messages, or very many visitors. ${COST}`,
      ...ofGateway,
      metricName: "MessageCount",
      ...IN_MINUTES,
      // Each message counts on its way in and on its way out.
      threshold: 60 * throttleRate,
    },
    concurrency: {
      alarmDescription:
        "Many runs of the relay at once: a flood, or somebody has changed its Lambda" +
        `${registry === "lambda-env" ? " with the laptop's AWS key" : ""}. ${COST}`,
      ...ofRelay,
      metricName: "ConcurrentExecutions",
      statistic: "Maximum",
      ...IN_MINUTES,
      threshold: Math.min(2 * throttleRate, reservedConcurrency),
    },
    duration: {
      alarmDescription: `The relay ran longer than the stack lets it. ${
        whoChanged(registry)
      } and run pulumi up. ${COST}`,
      ...ofRelay,
      metricName: "Duration",
      statistic: "Maximum",
      period: 60,
      evaluationPeriods: 1,
      threshold: TIMEOUT_S[registry] * 1000 + TIMEOUT_SLACK_MS,
      comparisonOperator: "GreaterThanThreshold",
    },
  };
}

/** Who has changed the Lambda, and what to do. The laptop has a right to with `lambda-env` alone. */
function whoChanged(registry: Settings["registry"]): string {
  return registry === "lambda-env"
    ? "Somebody has changed its Lambda, perhaps with the laptop's AWS key: delete that key " +
      "(aws iam delete-access-key)"
    : "Somebody has changed its Lambda by a right that no host has: find out who in CloudTrail's event " +
      "history (UpdateFunctionConfiguration),";
}
