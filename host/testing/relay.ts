// For tests: the built relay behind the development gateway, and a registry in memory.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Gateway,
  type GatewayOptions,
  startGateway,
} from "../../tools/local/gateway_server.ts";
import { LocalFunction } from "../../tools/local/lambda.ts";
import type { Registry, RegistryError } from "../signalling/registry.ts";

const RELAY = new URL("../../relay/dist/main.mjs", import.meta.url);

/** A running relay. */
export interface TestRelay extends AsyncDisposable {
  readonly url: URL;
  readonly gateway: Gateway;
  readonly function: LocalFunction;
  /** Sets LAPTOP_ID at once. */
  register(connectionId: string): void;
  /** Posts text to a connection with the relay's rights. */
  post(connectionId: string, text: string): Promise<void>;
  /** Closes the gateway with all its connections, and reopens it on the same port. */
  restart(): Promise<void>;
}

/** Options of {@linkcode startTestRelay}: those of the gateway, and changes of the Lambda. */
export interface TestRelayOptions extends Omit<GatewayOptions, "invoke"> {
  /** Further variables of the Lambda. */
  environment?: Record<string, string>;
  /** Changes the Lambda's answers. */
  // deno-lint-ignore no-explicit-any
  onAnswer?: (answer: any) => object;
}

/** Starts the relay. Needs the built bundle. */
export async function startTestRelay(
  { onAnswer = (answer) => answer, environment = {}, ...options }: TestRelayOptions = {},
): Promise<TestRelay> {
  const invoke = async (event: unknown) => onAnswer(await relay.invoke(event) as object);
  let gateway = await startGateway({ invoke, ...options });
  const relay = new LocalFunction({
    name: "SignalingRelay",
    file: RELAY,
    environment: {
      LAPTOP_ID: "init",
      ADMISSION_KEY: "open",
      ALLOWED_ORIGINS: "https://page.example",
      AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: gateway.endpoint,
      ...environment,
    },
  });
  return {
    url: new URL(gateway.url),
    get gateway() {
      return gateway;
    },
    function: relay,
    register: (connectionId) =>
      relay.setEnvironment({ ...relay.environment, LAPTOP_ID: connectionId }, { staleFor: 0 }),
    async post(connectionId, text) {
      const path = `/@connections/${encodeURIComponent(connectionId)}`;
      await fetch(gateway.endpoint + path, { method: "POST", body: text });
    },
    async restart() {
      const { port } = gateway;
      await gateway.close();
      gateway = await startGateway({ invoke, ...options, port });
    },
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await relay.close();
    },
  };
}

/** Options of {@linkcode MemoryRegistry}, in milliseconds. */
export interface MemoryRegistryOptions {
  /** Time that a write takes. @default 0 */
  propagation?: number;
  /** Further time for which warm instances of the relay serve the old id. @default 0 */
  staleFor?: number;
}

/** A registry that writes the relay's LAPTOP_ID. */
export class MemoryRegistry implements Registry {
  readonly name = "memory";
  readonly #relay: Pick<TestRelay, "function">;
  readonly #options: MemoryRegistryOptions;
  /** Errors of the next operations, in order. */
  readonly failures: RegistryError[] = [];
  /** Operations so far, failed ones included. */
  readonly calls: string[] = [];

  constructor(relay: Pick<TestRelay, "function">, options: MemoryRegistryOptions = {}) {
    this.#relay = relay;
    this.#options = options;
  }

  read() {
    this.#call("read");
    const { LAPTOP_ID: held, ADMISSION_KEY: admission } = this.#relay.function.environment;
    return Promise.resolve({
      connectionId: held === "init" ? undefined : held,
      admission,
      replace: async (connectionId = held, _signal: AbortSignal, key = admission) => {
        this.#call("write");
        const { propagation, staleFor = 0 } = this.#options;
        if (propagation) await sleep(propagation);
        const changed = {
          LAPTOP_ID: connectionId!,
          ...key !== undefined && { ADMISSION_KEY: key },
        };
        const { environment } = this.#relay.function;
        this.#relay.function.setEnvironment({ ...environment, ...changed }, { staleFor });
      },
    });
  }

  #call(operation: string): void {
    this.calls.push(operation);
    const failure = this.failures.shift();
    if (failure) throw failure;
  }
}
