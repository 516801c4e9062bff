// Mail for the owner when the relay fails or its cost grows.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { alarmTopicPolicy } from "./policy.ts";
import { type Watched, watchesOf } from "./watches.ts";

/** The services that a bridge is billed under, as Cost Explorer names them. */
const SERVICES = ["Amazon API Gateway", "AWS Lambda", "AmazonCloudWatch"];
const S3 = "Amazon Simple Storage Service";

/** Options of {@linkcode alarms}. */
export interface AlarmsOptions extends Watched {
  /** Mail address. AWS first asks it to confirm the subscription. */
  email: string;
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
  options: AlarmsOptions,
  parent: pulumi.Resource,
): void {
  const { email, settings, tags } = options;
  const topic = new aws.sns.Topic(`${name}-alarms`, { tags }, { parent });
  new aws.sns.TopicSubscription(`${name}-alarms`, {
    topic: topic.arn,
    protocol: "email",
    endpoint: email,
  }, { parent });

  const metricAlarms = Object.entries(watchesOf(options)).map(([watch, args]) =>
    new aws.cloudwatch.MetricAlarm(`${name}-${watch}`, {
      ...args,
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
    costFilters: [{
      name: "Service",
      values: settings.registry === "lambda-env" ? SERVICES : [...SERVICES, S3],
    }],
    // Credits would hide the cost until they are used up.
    costTypes: { includeCredit: false, includeRefund: false },
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
