// For tests: the built relay with the registry `relay`, the bucket in which it writes, and hosts that register.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type ObjectStore, startObjectStore } from "../../tools/local/object_store.ts";
import { listen } from "../../tools/testing/listen.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { toBase64url } from "../../wire/mod.ts";
import { readIdentity } from "../access/host_key.ts";
import { keepRegistered } from "../signalling/registrar.ts";
import type { Registration } from "../signalling/registration.ts";
import { relayRegistry, type RelayRegistryOptions } from "../signalling/registry_relay.ts";
import { RelaySocket } from "../signalling/relay_socket.ts";
import { startTestRelay, type TestRelay } from "./relay.ts";

const never = new AbortController().signal;

const BUCKET = "registry";
/** The hosts' admission key. */
export const KEY = "k".repeat(43);

const state = join(temporaryFolder(), "state");
/** The key of the host `pi`, which the relay knows, and another one. */
export const identity = await readIdentity(state);
export const stranger = await readIdentity(`${state}-2`);

/** The parts that run. */
export interface RegisteringRelay extends AsyncDisposable {
  relay: TestRelay;
  store: ObjectStore;
  /** Opens the registry, as `pi`. */
  open(options?: Partial<RelayRegistryOptions>): ReturnType<typeof relayRegistry>;
  /** Opens a host's connection. */
  connect(registry: ReturnType<typeof relayRegistry>): Promise<RelaySocket>;
}

/**
 * Starts a relay that knows the host `pi`.
 *
 * @param forge Changes what the relay says to the host, as a relay that lies could.
 */
export async function startRegisteringRelay(
  forge?: (text: string) => string,
): Promise<RegisteringRelay> {
  await using stack = new AsyncDisposableStack();
  const keys = { "local-access-key": "local-secret-key" };
  const store = stack.use(await startObjectStore({ bucket: BUCKET, keys }));
  let gateway = "";
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const body = forge!(await text(request));
    const { status } = await fetch(gateway + request.url, { method: request.method, body });
    response.writeHead(status).end();
  };
  const liar = createServer((request, response) => {
    // The gateway may end before what is under way.
    pass(request, response).catch(() => response.destroy());
  });
  const lying = forge && await listen(liar);
  if (lying) stack.defer(() => lying.close());
  const relay = stack.use(
    await startTestRelay({
      environment: {
        ...lying && { AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: lying.url },
        REGISTRY_BUCKET: BUCKET,
        HOSTS: "pi",
        HOST_KEYS: `pi=${toBase64url(identity.publicKey)}`,
        AWS_ENDPOINT_URL_S3: store.endpoint,
      },
    }),
  );
  gateway = relay.gateway.endpoint;
  const parts = stack.move();
  return {
    relay,
    store,
    open: (options) => relayRegistry({ relay: relay.url, host: "pi", identity, ...options }),
    connect: async (registry) => {
      const proof = await registry.prove();
      return await RelaySocket.open(relay.url, never, { host: "pi", proof });
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Keeps a connection registered, as the host does. */
export async function register(at: RegisteringRelay, registry: ReturnType<typeof relayRegistry>) {
  const socket = await at.connect(registry);
  const states: Registration[] = [];
  const stop = new AbortController();
  const wake = new EventTarget();
  const ended = keepRegistered(socket, registry, {
    mine: new Set([socket.connectionId]),
    takesOver: true,
    admission: () => Promise.resolve(KEY),
    wake,
    onChange: (state) => states.push(state),
    signal: stop.signal,
  }).catch(() => {});
  return {
    socket,
    wake,
    states,
    until: (phase: string) => until(() => states.at(-1)?.phase === phase),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      socket.close();
    },
  };
}
