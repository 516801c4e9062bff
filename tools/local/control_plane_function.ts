// The configuration of one function in the development control plane: effects and times of updates, and
// the errors that refuse them. Users do not deploy it.
import { randomUUID } from "node:crypto";
import type { LocalFunction } from "./lambda.ts";
import { Refusal } from "./refusal.ts";

/** https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html */
const MAX_VARIABLES = 4096;

/** Options of {@linkcode FunctionConfiguration}. */
export interface FunctionConfigurationOptions {
  /** Time for which an update stays InProgress, in milliseconds. */
  propagation: number;
  /** Further time for which warm instances serve the old environment, in milliseconds. */
  staleFor: number;
}

/** The configuration of a {@linkcode LocalFunction}, with at most one update in progress. */
export class FunctionConfiguration {
  readonly #function: LocalFunction;
  readonly #options: FunctionConfigurationOptions;
  #variables: Readonly<Record<string, string>>;
  #revisionId = randomUUID();
  #lastModified = new Date();
  #update: NodeJS.Timeout | undefined;

  constructor(localFunction: LocalFunction, options: FunctionConfigurationOptions) {
    this.#function = localFunction;
    this.#options = options;
    this.#variables = localFunction.environment;
  }

  /** Whether a name in a request's path is this function's name or ARN. */
  isNamed(name: string): boolean {
    return name === this.#function.name || name === this.#function.arn;
  }

  /**
   * Returns the FunctionConfiguration structure. It has an update's variables from the update's start.
   */
  describe(): object {
    return {
      FunctionName: this.#function.name,
      FunctionArn: this.#function.arn,
      Version: "$LATEST",
      Runtime: "nodejs24.x",
      Handler: "main.handler",
      LastModified: this.#lastModified.toISOString().replace("Z", "+0000"),
      Environment: { Variables: this.#variables },
      RevisionId: this.#revisionId,
      State: "Active",
      LastUpdateStatus: this.#update ? "InProgress" : "Successful",
    };
  }

  /**
   * Starts an update. The function gets the new environment when the update is done.
   *
   * @param body The request's JSON body.
   * @throws {ControlPlaneError} As Lambda would.
   */
  update(body: string): void {
    const { variables = this.#variables, revisionId } = parseUpdate(body);
    if (this.#update) {
      throw new Refusal(
        409,
        "ResourceConflictException",
        "The operation cannot be performed at this time. An update is in progress for resource: " +
          this.#function.arn,
      );
    }
    if (revisionId !== undefined && revisionId !== this.#revisionId) {
      throw new Refusal(
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. " +
          "Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
      );
    }
    this.#variables = variables;
    this.#revisionId = randomUUID();
    this.#lastModified = new Date();
    this.#update = setTimeout(() => this.#finish(), this.#options.propagation);
  }

  /** Abandons the update in progress. */
  close(): void {
    clearTimeout(this.#update);
  }

  #finish(): void {
    this.#update = undefined;
    this.#revisionId = randomUUID();
    this.#function.setEnvironment(this.#variables, { staleFor: this.#options.staleFor });
  }
}

/** The parsed request of an update. */
interface Update {
  variables: Record<string, string> | undefined;
  revisionId: string | undefined;
}

/** Reads the body of UpdateFunctionConfiguration. Knows Environment and RevisionId only. */
function parseUpdate(body: string): Update {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    throw new Refusal(400, "SerializationException", "Cannot read the request: not JSON");
  }
  if (!isRecord(request)) {
    throw new Refusal(
      400,
      "SerializationException",
      "Cannot read the request: no object",
    );
  }
  const { Environment: environment, RevisionId: revisionId, ...others } = request;
  const unknown = Object.keys(others);
  if (unknown.length > 0) {
    throw invalid(`The development control plane cannot change ${unknown.join(", ")}`);
  }
  if (revisionId !== undefined && typeof revisionId !== "string") {
    throw invalid("RevisionId is not a string");
  }
  if (environment === undefined) return { variables: undefined, revisionId };
  const variables = isRecord(environment) ? environment.Variables ?? {} : undefined;
  if (!isStrings(variables)) throw invalid("Environment.Variables is not a map of strings");
  const measured = JSON.stringify(variables);
  if (Buffer.byteLength(measured) > MAX_VARIABLES) {
    throw invalid(
      "Lambda was unable to configure your environment variables because the environment " +
        `variables you have provided exceeded the 4KB limit. String measured: ${measured}`,
    );
  }
  return { variables, revisionId };
}

function invalid(message: string): Refusal {
  return new Refusal(400, "InvalidParameterValueException", message);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((item) => typeof item === "string");
}
