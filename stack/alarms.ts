// Mail for the owner when the relay fails or its cost grows.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./config.ts";
import { alarmTopicPolicy } from "./policy.ts";

/** Metrics of the Lambda that send a mail at the first event in five minutes. */
const METRICS = {
  Errors: "The relay failed or took too long: read its log group",
  Throttles: "Lambda refused to run the relay: its concurrency limit is too low",
};

/** The services that a bridge is billed under, as Cost Explorer names them. */
const SERVICES = ["Amazon API Gateway", "AWS Lambda", "AmazonCloudWatch"];

/** Options of {@linkcode alarms}. */
export interface AlarmsOptions {
  /** Mail address. AWS first asks it to confirm the subscription. */
  email: string;
  relay: aws.lambda.Function;
  settings: Settings;
  tags: Record<string, string>;
}

/**
 * Creates the alarms, the topic that mails them, and the budget, which sends its own mail.
 *
 * - https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/metricalarm/
 * - https://www.pulumi.com/registry/packages/aws/api-docs/budgets/budget/
 * - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
export function alarms(
  name: string,
  { email, relay, settings, tags }: AlarmsOptions,
  parent: pulumi.Resource,
): void {
  const topic = new aws.sns.Topic(`${name}-alarms`, { tags }, { parent });
  new aws.sns.TopicSubscription(`${name}-alarms`, {
    topic: topic.arn,
    protocol: "email",
    endpoint: email,
  }, { parent });

  const metricAlarms = Object.entries(METRICS).map(([metricName, alarmDescription]) =>
    new aws.cloudwatch.MetricAlarm(`${name}-${metricName.toLowerCase()}`, {
      alarmDescription,
      namespace: "AWS/Lambda",
      metricName,
      dimensions: { FunctionName: relay.name },
      statistic: "Sum",
      period: 300,
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      treatMissingData: "notBreaching",
      alarmActions: [topic.arn],
      tags,
    }, { parent })
  );
  new aws.sns.TopicPolicy(`${name}-alarms`, {
    arn: topic.arn,
    policy: pulumi.all([topic.arn, ...metricAlarms.map(({ arn }) => arn)]).apply((
      [topicArn, ...alarmArns],
    ) => JSON.stringify(alarmTopicPolicy({ topicArn: topicArn!, alarmArns }))),
  }, { parent });

  new aws.budgets.Budget(name, {
    budgetType: "COST",
    timeUnit: "MONTHLY",
    limitAmount: String(settings.monthlyBudget),
    limitUnit: "USD",
    costFilters: [{ name: "Service", values: SERVICES }],
    notifications: ["ACTUAL", "FORECASTED"].map((notificationType) => ({
      notificationType,
      comparisonOperator: "GREATER_THAN",
      threshold: 100,
      thresholdType: "PERCENTAGE",
      subscriberEmailAddresses: [email],
    })),
    tags,
  }, { parent });
}
