// Checks the setting reservedConcurrency against the account, before anything is created.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./config.ts";
import { bad } from "./origins.ts";

/** The quota "Concurrent executions" of Lambda, for all functions of an account in a region. */
const QUOTA = { serviceCode: "lambda", quotaCode: "L-B99A9384" };

const ASK_FOR_MORE =
  "https://console.aws.amazon.com/servicequotas/home/services/lambda/quotas/L-B99A9384";

/** Runs that AWS keeps for functions that reserve none. */
const UNRESERVED = 100;

/** Requests a second that Lambda takes for each run that it allows at once. */
const REQUESTS = 10;

/**
 * Asks AWS for the account's quota, if some of it is to be reserved. Where AWS does not tell, AWS itself
 * refuses what is too much, in the middle of the deployment. What other functions reserve is not looked at.
 *
 * @throws {pulumi.RunError} `Cannot use reservedConcurrency: <why>`.
 */
export async function checkConcurrency(settings: Settings): Promise<void> {
  const { reservedConcurrency, connectRate } = settings;
  if (reservedConcurrency === undefined) return;
  const quota = await aws.servicequotas.getServiceQuota(QUOTA).catch((error: Error) => {
    void pulumi.log.info(`Cannot check reservedConcurrency against the account: ${error.message}`);
  });
  if (quota) refuseTooMuch(reservedConcurrency, quota.value);
  if (reservedConcurrency * REQUESTS < connectRate) {
    void pulumi.log.warn(
      `reservedConcurrency ${reservedConcurrency} lets the relay handle ${
        reservedConcurrency * REQUESTS
      } requests a second, but the gateway passes ${connectRate} connects: a flood of connects would ` +
        `keep devices out. Reserve ${Math.ceil(connectRate / REQUESTS)} or more`,
    );
  }
}

function refuseTooMuch(reserved: number, quota: number): void {
  const most = Math.max(0, quota - UNRESERVED);
  if (reserved <= most) return;
  throw bad(
    "reservedConcurrency",
    `this account may run ${quota} Lambdas at once, and AWS keeps ${UNRESERVED} of them unreserved, so ` +
      (most === 0 ? "none can be reserved: set it to -1" : `${most} are the most: set it to that`) +
      `, or ask AWS for more at ${ASK_FOR_MORE}`,
  );
}
