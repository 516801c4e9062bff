// The configuration of one function as the development control plane keeps it: what an update
// changes, when, and with which error it is refused.
// A development part, and no part of what a user deploys.
import { randomUUID } from "node:crypto";
import type { LocalFunction } from "./lambda.ts";
import { Refusal } from "./refusal.ts";

/** https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html */
const MAX_VARIABLES = 4096;

/** Options of {@linkcode FunctionConfiguration}. */
export interface FunctionConfigurationOptions {
  /** How long an update stays InProgress, in milliseconds. */
  propagation: number;
  /** How long warm instances serve the old environment after that, in milliseconds. */
  staleFor: number;
}

/** The configuration of a {@linkcode LocalFunction}, and its one update that may be under way. */
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

  /** Whether a name in a request's path means this function: its name or its ARN. */
  isNamed(name: string): boolean {
    return name === this.#function.name || name === this.#function.arn;
  }

  /** The FunctionConfiguration structure, with the variables of an update from its start. */
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
   * Starts an update. The function gets the new environment when it is done.
   *
   * @param body The request's body, JSON.
   * @throws {Refusal} As Lambda would.
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

  /** Abandons the update under way. */
  close(): void {
    clearTimeout(this.#update);
  }

  #finish(): void {
    this.#update = undefined;
    this.#revisionId = randomUUID();
    this.#function.setEnvironment(this.#variables, { staleFor: this.#options.staleFor });
  }
}

/** What an update asks for. */
interface Update {
  variables: Record<string, string> | undefined;
  revisionId: string | undefined;
}

/** Reads the body of UpdateFunctionConfiguration, of which Environment and RevisionId are known here. */
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
