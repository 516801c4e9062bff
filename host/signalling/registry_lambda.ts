// The registry `lambda-env`: LAPTOP_ID and ADMISSION_KEY in the environment of the relay's own Lambda.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
import {
  GetFunctionConfigurationCommand,
  type GetFunctionConfigurationCommandOutput,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdated,
} from "@aws-sdk/client-lambda";
import {
  allowIt,
  checkCredentials,
  type FailureKind,
  type HostRegistry,
  isWithoutRegion,
  RegistryError,
} from "./registry.ts";

/** Options of {@linkcode lambdaRegistry}. */
export interface LambdaRegistryOptions {
  /** The Lambda's name, such as `SignalingRelay`. */
  functionName: string;
  /** Its AWS region; undefined takes the SDK's: `AWS_REGION`, then the profile's. */
  region?: string;
}

const VARIABLE = "LAPTOP_ID";
const ADMISSION = "ADMISSION_KEY";

/** The variable's value before any host has registered. */
const NOBODY = "init";

/** A RevisionId that no function has. */
const NO_REVISION = "00000000-0000-0000-0000-000000000000";

/** Longest wait for an update to take effect, in seconds. It takes 3 to 5. */
const MAX_WAIT_S = 60;

/** Limits for a connection, and for an answer, in milliseconds. */
const CONNECT_MS = 5_000;
const REQUEST_MS = 15_000;

/**
 * Opens the registry. It changes only LAPTOP_ID and ADMISSION_KEY, both at once, and writes the other
 * variables back unchanged, guarded by the RevisionId that it has read.
 */
export function lambdaRegistry({ functionName, region }: LambdaRegistryOptions): HostRegistry {
  const client = new LambdaClient({
    region,
    // No keep-alive: after a change of network, a kept connection is silently dead.
    requestHandler: {
      httpAgent: { keepAlive: false },
      httpsAgent: { keepAlive: false },
      connectionTimeout: CONNECT_MS,
      requestTimeout: REQUEST_MS,
      throwOnRequestTimeout: true,
    },
  });
  const FunctionName = functionName;

  async function explained<T>(operation: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explain(error, { operation, functionName, region: region ?? "*" });
    }
  }

  async function readConfiguration(signal: AbortSignal) {
    return await explained(
      "GetFunctionConfiguration",
      () =>
        client.send(new GetFunctionConfigurationCommand({ FunctionName }), {
          abortSignal: signal,
        }),
    );
  }

  /** IAM checks a call before Lambda does, and Lambda refuses an old RevisionId. */
  async function tryUpdate(signal: AbortSignal): Promise<void> {
    try {
      await explained("UpdateFunctionConfiguration", () =>
        client.send(
          new UpdateFunctionConfigurationCommand({ FunctionName, RevisionId: NO_REVISION }),
          { abortSignal: signal },
        ));
    } catch (error) {
      if ((error as RegistryError).kind !== "conflict") throw error;
    }
  }

  return {
    name: `function ${functionName}`,
    rights: [
      {
        action: "lambda:GetFunctionConfiguration",
        tryOut: async (signal) => void await readConfiguration(signal),
      },
      { action: "lambda:UpdateFunctionConfiguration", tryOut: tryUpdate },
    ],
    async read(signal) {
      const configuration = await readConfiguration(signal);
      const variables = variablesOf(configuration, functionName);
      const held = variables[VARIABLE];
      return {
        connectionId: held === NOBODY ? undefined : held,
        admission: variables[ADMISSION],
        replace: (connectionId = held ?? NOBODY, signal, admission = variables[ADMISSION]) =>
          explained("UpdateFunctionConfiguration", async () => {
            await client.send(
              new UpdateFunctionConfigurationCommand({
                FunctionName,
                Environment: {
                  Variables: {
                    ...variables,
                    [VARIABLE]: connectionId,
                    ...admission !== undefined && { [ADMISSION]: admission },
                  },
                },
                RevisionId: configuration.RevisionId,
              }),
              { abortSignal: signal },
            );
            await untilUpdated(client, functionName, signal);
          }),
      };
    },
  };
}

/** Waits for an update. It hides the SDK's own error, which holds the values of all variables. */
async function untilUpdated(
  client: LambdaClient,
  functionName: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await waitUntilFunctionUpdated(
      { client, maxWaitTime: MAX_WAIT_S, minDelay: 0.5, maxDelay: 1, abortSignal: signal },
      { FunctionName: functionName },
    );
  } catch (error) {
    const isLate = (error as Error).name === "TimeoutError";
    const why = isLate ? `is not done after ${MAX_WAIT_S} s` : "failed; look at it in the console";
    throw new RegistryError("transient", `The update of function ${functionName} ${why}`);
  }
}

/** Refuses variables that cannot be read (for want of a KMS key): they must not be overwritten. */
function variablesOf(
  { Environment }: GetFunctionConfigurationCommandOutput,
  functionName: string,
): Record<string, string> {
  if (Environment?.Error) {
    const { ErrorCode, Message } = Environment.Error;
    throw new RegistryError(
      "owner",
      `Cannot read the environment of ${functionName}: ${ErrorCode} ${Message}`,
    );
  }
  return Environment?.Variables ?? {};
}

/** The attempted call, for the message. */
interface Attempt {
  operation: string;
  functionName: string;
  region: string;
}

/** Maps a failure of the AWS SDK. Exported for its table of cases. */
export function explain(error: unknown, attempt: Attempt): RegistryError {
  if (error instanceof RegistryError) return error;
  const { name, message } = error as Error;
  const { operation, functionName } = attempt;
  // AWS's message names the refused right, with the account.
  const [, resource] = /on resource: (arn:[\w:/-]+)/.exec(message) ?? [];
  const failed = (kind: FailureKind, cure: string) =>
    new RegistryError(kind, `lambda:${operation} on ${functionName} failed: ${name}. ${cure}`, {
      cause: error,
    });
  if (isWithoutRegion(error as Error)) {
    const text =
      `lambda:${operation} on ${functionName} failed: no region. Set --region or AWS_REGION`;
    return new RegistryError("owner", text, { cause: error });
  }
  if (isSkewed(name, message)) return failed("owner", `Set this machine's clock right: ${message}`);
  switch (name) {
    case "ResourceConflictException":
    case "PreconditionFailedException":
      return failed("conflict", "Somebody else is changing the function");
    case "AccessDeniedException":
    case "AccessDenied":
      return failed("owner", allowIt(statementFor(attempt, resource)));
    case "InvalidParameterValueException":
      // Leave AWS's message out: it repeats all variables.
      return failed("owner", "Keep the function's environment variables below 4 KB in total");
    case "ResourceNotFoundException":
      return failed(
        "owner",
        `Check --function and --region (${attempt.region}), and run pulumi up`,
      );
    case "CredentialsProviderError":
    case "ExpiredToken":
    case "ExpiredTokenException":
    case "InvalidClientTokenId":
    case "InvalidSignatureException":
    case "SignatureDoesNotMatch":
    case "TokenProviderError":
    case "UnrecognizedClientException":
      return failed("owner", checkCredentials(message));
    default:
      return failed("transient", message);
  }
}

/**
 * Whether AWS refuses a signature only for its time. The SDK corrects the time and tries again, so this
 * remains if that fails. Lambda has no code for it, only a message.
 */
function isSkewed(name: string, message: string): boolean {
  return /^Request(Expired|InTheFuture|TimeTooSkewed)$/.test(name) ||
    /^(InvalidSignatureException|SignatureDoesNotMatch)$/.test(name) &&
      /Signature (expired|not yet current)/.test(message);
}

function statementFor({ functionName, region }: Attempt, resource: string | undefined): string {
  const isArn = functionName.startsWith("arn:");
  return JSON.stringify({
    Effect: "Allow",
    Action: ["lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration"],
    Resource: resource ??
      (isArn ? functionName : `arn:aws:lambda:${region}:*:function:${functionName}`),
  });
}
