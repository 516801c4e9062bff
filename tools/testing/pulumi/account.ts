// For tests: an AWS account as `pulumi up` meets it, by the stand-in for the Pulumi command. It holds the
// resources of all stacks, and answers as AWS does where a name is taken or a right is missing. What it
// gets as Lambda, gateway and bucket runs on this machine: the relay as deployed.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { type Gateway, startGateway } from "../../local/gateway_server.ts";
import { LocalFunction } from "../../local/lambda.ts";
import { type ObjectStore, startObjectStore } from "../../local/object_store.ts";
import { listen, type Listening } from "../listen.ts";

/** A change of one resource, as the Pulumi command asks for it. */
export interface ResourceChange {
  action: "create" | "update" | "delete";
  /** Such as `aws:lambda/function:Function`. */
  type: string;
  /** Its name in the program, such as `lighthouse-relay`. */
  name: string;
  /** Its name in AWS. */
  id: string;
  // deno-lint-ignore no-explicit-any
  inputs: any;
  /** For the Lambda, the path of its module. */
  bundle?: string;
}

/** The answer: outputs to add to the mocked ones, or the provider's error. */
export type ChangeAnswer = { outputs: Record<string, unknown> } | { error: string };

/** An account, whose creation is {@linkcode startAccount}'s. */
export interface Account extends AsyncDisposable {
  /** For the stand-in for the Pulumi command. */
  readonly url: string;
  /** The resources that are there, each as `type id`. */
  readonly resources: ReadonlySet<string>;
  /** All changes so far, refused ones included. */
  readonly changes: readonly ResourceChange[];
  /** Names of Lambdas that others have made. */
  readonly takenFunctions: Set<string>;
  /** Actions without a right, such as `iam:CreateRole`. */
  readonly denied: Set<string>;
  /** Called before each change, which waits for its end. */
  beforeChange: (change: ResourceChange) => void | Promise<void>;
  /** The deployed Lambda's variables; undefined if there is none. */
  readonly environment: Readonly<Record<string, string>> | undefined;
  /** The registry's bucket; undefined if there is none. */
  readonly bucket: ObjectStore | undefined;
  /** The relay's gateway. It answers once the Lambda is there. */
  readonly gateway: Gateway;
}

const NUMBER = "123456789012";

/** The call that makes a resource, by the resource's type. A type that is not listed needs no right here. */
const CALLS: Record<string, { service: string; call: string; what: string } | undefined> = {
  "aws:iam/role:Role": { service: "IAM", call: "CreateRole", what: "IAM Role" },
  "aws:lambda/function:Function": {
    service: "Lambda",
    call: "CreateFunction",
    what: "Lambda Function",
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    service: "CloudWatch Logs",
    call: "CreateLogGroup",
    what: "CloudWatch Logs Log Group",
  },
};

/** Starts an account without resources. */
export async function startAccount(): Promise<Account> {
  const server = createServer();
  const gateway = await startGateway({ invoke: (event) => account.invoke(event) });
  const account = new LocalAccount(gateway, await listen(server));
  server.on("request", (request, response) => {
    account.answer(request, response).catch(() => response.destroy());
  });
  return account;
}

class LocalAccount implements Account {
  readonly gateway: Gateway;
  readonly resources = new Set<string>();
  readonly changes: ResourceChange[] = [];
  readonly takenFunctions = new Set<string>();
  readonly denied = new Set<string>();
  beforeChange: Account["beforeChange"] = () => {};
  bucket: ObjectStore | undefined;
  readonly #listening: Listening;
  #function: LocalFunction | undefined;

  constructor(gateway: Gateway, listening: Listening) {
    this.gateway = gateway;
    this.#listening = listening;
  }

  get url(): string {
    return this.#listening.url;
  }

  get environment(): Readonly<Record<string, string>> | undefined {
    return this.#function?.environment;
  }

  async invoke(event: unknown): Promise<unknown> {
    if (!this.#function) throw new Error("The gateway has no Lambda");
    return await this.#function.invoke(event);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const change = await json(request) as ResourceChange;
    this.changes.push(change);
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    await this.beforeChange(change);
    // A client that has ended has not asked for the change, where the test held it back.
    if (gone.signal.aborted) return;
    response.end(JSON.stringify(await this.#carryOut(change)));
  }

  async #carryOut(change: ResourceChange): Promise<ChangeAnswer> {
    const { action, type, id } = change;
    const error = action === "create" ? this.#refusal(change) : undefined;
    if (error !== undefined) return { error };
    if (action === "delete") this.resources.delete(`${type} ${id}`);
    else this.resources.add(`${type} ${id}`);
    return { outputs: await this.#run(change) };
  }

  /** AWS's errors as Pulumi's provider words them. */
  #refusal({ type, id }: ResourceChange): string | undefined {
    const made = CALLS[type];
    if (!made) return undefined;
    const { service, call, what } = made;
    const refuse = (status: number, error: string) =>
      `creating ${what} (${id}): operation error ${service}: ${call}, https response error ` +
      `StatusCode: ${status}, RequestID: 6f1c9d5e-3a52-4d0c-8a55-1f2e3d4c5b6a, ${error}`;
    const action = `${service === "CloudWatch Logs" ? "logs" : service.toLowerCase()}:${call}`;
    if (this.denied.has(action)) {
      return refuse(
        403,
        `api error AccessDenied: User: arn:aws:iam::${NUMBER}:user/dev is not authorized to perform: ` +
          `${action} on resource: ${id} because no identity-based policy allows the ${action} action`,
      );
    }
    const isTaken = this.resources.has(`${type} ${id}`);
    if (call === "CreateFunction" && (isTaken || this.takenFunctions.has(id))) {
      return refuse(409, `ResourceConflictException: Function already exist: ${id}`);
    }
    if (call === "CreateLogGroup" && isTaken) {
      return refuse(
        400,
        "ResourceAlreadyExistsException: The specified log group already exists",
      );
    }
    return undefined;
  }

  /** Starts and stops what runs. @returns Its outputs. */
  async #run({ action, type, id, inputs, bundle }: ResourceChange) {
    if (type === "aws:apigatewayv2/stage:Stage") return { invokeUrl: this.gateway.url };
    if (type === "aws:s3/bucket:Bucket") {
      await this.bucket?.[Symbol.asyncDispose]();
      // The key is that of the Lambda's role.
      const keys = { "local-access-key": "local-secret-key" };
      this.bucket = action === "delete" ? undefined : await startObjectStore({ bucket: id, keys });
    }
    if (type === "aws:lambda/function:Function") {
      await this.#function?.close();
      this.#function = action === "delete" ? undefined : new LocalFunction({
        name: id,
        file: bundle!,
        environment: {
          ...inputs.environment.variables,
          AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: this.gateway.endpoint,
          ...this.bucket && { AWS_ENDPOINT_URL_S3: this.bucket.endpoint },
        },
      });
    }
    return {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listening.close();
    await this.gateway.close();
    await this.#function?.close();
    await this.bucket?.[Symbol.asyncDispose]();
  }
}
