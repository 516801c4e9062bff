// Asks AWS whose credentials these are.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
import { LambdaClient } from "@aws-sdk/client-lambda";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { AwsV4Signer } from "aws4fetch";
import process from "node:process";
import { readText } from "../../wire/mod.ts";
import { SetupError } from "./setup_error.ts";

/** Who deploys. */
export interface AwsAccount {
  /** Twelve digits. */
  account: string;
  /** The ARN of the user or of the role's session. */
  arn: string;
}

/** Most bytes of an answer. */
const MAX_ANSWER = 16 * 1024;

/** Limits in milliseconds. A sign-in may ask another server first. */
const CREDENTIALS_MS = 30_000;
const ANSWER_MS = 15_000;

const HOW =
  "aws configure sso, aws login or aws configure makes some, and AWS_PROFILE names a profile";

/** The codes of credentials that are no longer good. */
const EXPIRED = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/**
 * Finds the region of this environment, as the AWS command line does: `AWS_REGION`, or the profile's.
 *
 * @returns Undefined if there is none.
 */
export async function defaultRegion(): Promise<string | undefined> {
  const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION;
  if (region) return region;
  const client = new LambdaClient({});
  return await client.config.region().catch(() => undefined);
}

/**
 * Checks the AWS credentials of this environment.
 *
 * @throws {SetupError} If there are none, or AWS does not take them.
 */
export async function findAccount(region: string, signal: AbortSignal): Promise<AwsAccount> {
  const credentials = await findCredentials();
  const url = process.env.AWS_ENDPOINT_URL_STS || process.env.AWS_ENDPOINT_URL ||
    `https://sts.${region}.${region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}/`;
  const signer = new AwsV4Signer({
    ...credentials,
    service: "sts",
    region,
    url,
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "Action=GetCallerIdentity&Version=2011-06-15",
  });
  const { method, headers, body } = await signer.sign();
  const ending = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { method, headers, body, signal: ending });
    text = await readText(response, MAX_ANSWER);
  } catch (cause) {
    signal.throwIfAborted();
    throw new SetupError(
      `Cannot reach AWS at ${new URL(url).host}: is there a network, and a region ${region}?`,
      { cause },
    );
  }
  const [, code = `HTTP ${response.status}`] = /<Code>(\w+)<\/Code>/.exec(text) ?? [];
  if (!response.ok) throw new SetupError(explain(code));
  const [, account] = /<Account>(\d{12})<\/Account>/.exec(text) ?? [];
  const [, arn] = /<Arn>(arn:[^<]{1,2000})<\/Arn>/.exec(text) ?? [];
  if (account && arn) return { account, arn };
  throw new SetupError(`${new URL(url).host} does not answer as AWS does. Is a proxy in between?`);
}

async function findCredentials() {
  try {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error("no answer in time")), CREDENTIALS_MS);
    return await Promise.race([defaultProvider()(), promise]).finally(() => clearTimeout(timer));
  } catch (cause) {
    const { message } = cause as Error;
    const isNone = message.includes("Could not load credentials from any providers");
    const { AWS_PROFILE: profile } = process.env;
    const none = profile ? `the profile ${profile} has none (AWS_PROFILE)` : "there are none";
    const why = isNone ? none : message.replace(/\.+$/, "");
    throw new SetupError(`Cannot use AWS credentials: ${why}. ${HOW}`, { cause });
  }
}

function explain(code: string): string {
  if (EXPIRED.includes(code)) {
    return "Cannot use AWS credentials: they have expired. aws sso login or aws login renews them";
  }
  if (code === "SignatureDoesNotMatch") {
    return "Cannot use AWS credentials: the secret key is not that of the access key, " +
      "or this machine's clock is wrong";
  }
  return `Cannot use AWS credentials: AWS says ${code}. ${HOW}`;
}
