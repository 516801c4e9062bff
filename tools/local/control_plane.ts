// A development stand-in for the Lambda control plane: `@aws-sdk/client-lambda` reaches it by
// GetFunctionConfiguration and UpdateFunctionConfiguration. Users do not deploy it.
//
// As on AWS: an update replaces all variables, stays InProgress for some seconds and refuses other
// updates meanwhile; RevisionId changes with each update, and again when it is done
// (https://github.com/aws/aws-sdk/issues/377). Unlike AWS: signatures are not verified, and an update may
// change only Environment.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { listen, type Listening } from "../testing/listen.ts";
import { FunctionConfiguration } from "./control_plane_function.ts";
import type { LocalFunction } from "./lambda.ts";
import { Refusal } from "./refusal.ts";

/** Lambda's limit for UpdateFunctionConfiguration, in bytes. */
const MAX_REQUEST = 5120;
/** Number of calls to remember. */
const MAX_CALLS = 1_000;

/** The control plane's operations. */
export type ControlPlaneOperation = "GetFunctionConfiguration" | "UpdateFunctionConfiguration";

const OPERATIONS: Record<string, ControlPlaneOperation | undefined> = {
  GET: "GetFunctionConfiguration",
  PUT: "UpdateFunctionConfiguration",
};

/** Options of {@linkcode startControlPlane}. */
export interface ControlPlaneOptions {
  /** The function under control. */
  function: LocalFunction;
  /** Time for which an update's LastUpdateStatus stays InProgress, in milliseconds. @default 3_000 */
  propagation?: number;
  /** Further time for which warm instances serve the old environment, in milliseconds. @default 0 */
  staleFor?: number;
}

/** An answered call. */
export interface ControlPlaneCall {
  /** The requested operation. */
  operation: ControlPlaneOperation;
  /** HTTP status of the answer. */
  status: number;
  /** Name of the exception, if the answer was one. */
  code?: string;
}

/** An error to answer with. */
export interface ControlPlaneFault {
  /** HTTP status. */
  status: number;
  /** Name of the exception: `TooManyRequestsException` (429), `AccessDeniedException` (403), … */
  code: string;
  /** Text of the exception. @default "Injected fault" */
  message?: string;
}

/** Injected faults. Unset at first; set and unset them at any time. */
export interface ControlPlaneFaults {
  /** Called before each call. A returned fault is the answer, and the call does nothing. */
  answer?: (operation: ControlPlaneOperation) => ControlPlaneFault | undefined;
}

/** A listening control plane. */
export interface ControlPlane extends AsyncDisposable {
  /** For `AWS_ENDPOINT_URL_LAMBDA`: `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  /** The last 1,000 calls, oldest first. */
  readonly calls: readonly ControlPlaneCall[];
  /** The injected faults. */
  readonly faults: ControlPlaneFaults;
  /** Ends the server. An update in progress never completes. */
  close(): Promise<void>;
}

/**
 * Starts a control plane for one function on a free port of 127.0.0.1.
 *
 * @example
 * ```ts
 * await using controlPlane = await startControlPlane({ function: relay });
 * const client = new LambdaClient({ endpoint: controlPlane.endpoint, region: "us-east-1" });
 * ```
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const server = createServer();
  return new LocalControlPlane(server, await listen(server), options);
}

/**
 * Returns a fault for the next calls of one operation, for `faults.answer`. The SDK's own retries (429,
 * 5xx) count as calls.
 *
 * @param times Number of calls that fail; later ones succeed.
 */
export function failNext(
  operation: ControlPlaneOperation,
  times: number,
  fault: ControlPlaneFault,
): NonNullable<ControlPlaneFaults["answer"]> {
  let left = times;
  return (called) => called === operation && left-- > 0 ? fault : undefined;
}

class LocalControlPlane implements ControlPlane {
  readonly endpoint: string;
  readonly calls: ControlPlaneCall[] = [];
  readonly faults: ControlPlaneFaults = {};
  readonly #listening: Listening;
  readonly #configuration: FunctionConfiguration;

  constructor(server: Server, listening: Listening, options: ControlPlaneOptions) {
    const { function: localFunction, propagation = 3_000, staleFor = 0 } = options;
    this.endpoint = listening.url;
    this.#listening = listening;
    this.#configuration = new FunctionConfiguration(localFunction, { propagation, staleFor });
    server.on("request", (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  async close(): Promise<void> {
    this.#configuration.close();
    await this.#listening.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = /^\/2015-03-31\/functions\/([^/?]+)\/configuration(?:\?|$)/.exec(request.url!);
    const operation = OPERATIONS[request.method!];
    if (!path || !operation) {
      const message = `The development control plane knows no ${request.method} ${request.url}`;
      return sendError(response, new Refusal(404, "UnknownOperationException", message));
    }
    try {
      await this.#carryOut(operation, path[1]!, request);
      this.#remember({ operation, status: 200 });
      sendJson(response, 200, this.#configuration.describe());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#remember({ operation, status: error.status, code: error.code });
      sendError(response, error);
    }
  }

  async #carryOut(
    operation: ControlPlaneOperation,
    encodedName: string,
    request: IncomingMessage,
  ): Promise<void> {
    const fault = this.faults.answer?.(operation);
    if (fault) {
      throw new Refusal(fault.status, fault.code, fault.message ?? "Injected fault");
    }
    const name = decodeURIComponent(encodedName);
    if (!this.#configuration.isNamed(name)) {
      throw new Refusal(404, "ResourceNotFoundException", `Function not found: ${name}`);
    }
    if (operation === "GetFunctionConfiguration") return;
    // Without Content-Length, the size is unknown before the whole body has arrived.
    if (Number(request.headers["content-length"] ?? Infinity) > MAX_REQUEST) {
      throw new Refusal(
        413,
        "RequestEntityTooLargeException",
        `Request must be smaller than ${MAX_REQUEST} bytes for the ${operation} operation`,
      );
    }
    this.#configuration.update(await text(request));
  }

  #remember(call: ControlPlaneCall): void {
    if (this.calls.push(call) > MAX_CALLS) this.calls.shift();
  }
}

/**
 * Sends errors by the REST-JSON protocol:
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
 */
function sendError(response: ServerResponse, { code, status, message }: Refusal): void {
  response.setHeader("x-amzn-ErrorType", code);
  sendJson(response, status, {
    Type: status < 500 ? "User" : "Service",
    message,
  });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
