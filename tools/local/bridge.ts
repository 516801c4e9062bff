// A development part: the whole bridge on this machine, each real part in its place and AWS's own
// replaced by local ones. `npm start` and the end-to-end tests stand on it.
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Identity, readIdentity } from "../../host/access/host_key.ts";
import { NO_LAPTOP_ID } from "../../wire/limits.ts";
import { toBase64url } from "../../wire/mod.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { type Backend, type BackendOptions, startBackend } from "./backend.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import { type Gateway, type GatewayOptions, startGateway } from "./gateway_server.ts";
import { type HostLine, HostProcess } from "./host_process.ts";
import { LocalFunction } from "./lambda.ts";
import { type ObjectStore, startObjectStore } from "./object_store.ts";
import { type Page, startPage } from "./page.ts";

/** Options of {@linkcode startBridge}. */
export interface BridgeOptions {
  /** The page's port. @default any free one */
  port?: number;
  /**
   * The relay's port: browsers know a host by its relay's address. @default any free one, which is
   * taken, too, where this one is not
   */
  relayPort?: number;
  /** Where the sample backend keeps its notes. @default a temporary file */
  notes?: string;
  /** Where the host keeps its key and its devices. @default a temporary folder */
  state?: string;
  /**
   * Whether anybody may come in without being paired, and the page pins the host's key. @default true:
   * what most tests look at is something else
   */
  isPublic?: boolean;
  /** Besides the relay, what the page's policy lets it connect to. */
  connect?: string[];
  /** Routes of the sample backend besides its own. */
  routes?: BackendOptions["routes"];
  /** URL of the backend that hosts get by their flags. @default the sample backend's */
  backend?: string;
  /** Where hosts register. @default "lambda-env" */
  registry?: "lambda-env" | "s3";
  /** With `s3`, the host that the page names. @default none, which is `laptop` */
  host?: string;
  /** With `s3`, whether the page may look into the registry, and does. @default true */
  publicRegistry?: boolean;
  /** Milliseconds for which an update of the function is in progress. @default 3000 */
  propagation?: number;
  /** Milliseconds for which warm instances still serve the old environment after that. @default 0 */
  staleFor?: number;
  /** Milliseconds after which the gateway closes a connection in any case. @default 7_200_000 */
  lifetime?: number;
  onActivity?: GatewayOptions["onActivity"];
  onHostLine?: (line: HostLine) => void;
}

/** The parts, all running but the host. */
export interface Bridge extends AsyncDisposable {
  readonly page: Page;
  readonly gateway: Gateway;
  readonly controlPlane: ControlPlane;
  readonly function: LocalFunction;
  /** Where hosts register with `s3`; undefined without. */
  readonly store: ObjectStore | undefined;
  readonly backend: Backend;
  /** The hosts' state folder, and the key in it: all of them have the same. */
  readonly state: string;
  readonly identity: Identity;
  /** What a host's commands need: the flags that lead to this bridge, and the variables. */
  hostFlags(): string[];
  readonly hostEnvironment: Record<string, string>;
  /** Starts a host; several may run. Those still running at the end are stopped. */
  startHost(flags?: string[], environment?: Record<string, string>): HostProcess;
  /** Closes the gateway with all its connections, and opens it again on the same port. */
  restartGateway(): Promise<void>;
  stopGateway(): Promise<void>;
}

const FUNCTION = "SignalingRelay";
const BUCKET = "lighthouse-registry";
const RELAY = new URL("../../relay/dist/main.mjs", import.meta.url);

/** Starts everything but the host. The bundles must have been built. */
export async function startBridge(options: BridgeOptions = {}): Promise<Bridge> {
  await using stack = new AsyncDisposableStack();
  let gateway: Gateway;

  const { isPublic = true, port, connect = [], host: hostName, publicRegistry = true } = options;
  const state = options.state ?? join(temporaryFolder(), "state");
  const identity = await readIdentity(state);
  const hostKey = isPublic ? toBase64url(identity.publicKey) : undefined;
  let store: ObjectStore | undefined;
  const page = stack.use(
    await startPage({
      port,
      relay: () => gateway.url,
      stun: "none",
      hostKey,
      host: hostName,
      registry: () => publicRegistry ? store?.url : undefined,
      connect,
    }),
  );
  if (options.registry === "s3") {
    store = stack.use(
      await startObjectStore({
        bucket: BUCKET,
        // The hosts' key, and the relay's role, as the emulated Lambda has it.
        keys: { "local": "local", "local-access-key": "local-secret-key" },
        isPublic: publicRegistry,
        allowedOrigins: page.origins,
      }),
    );
  }
  const gatewayOptions: GatewayOptions = {
    invoke: (event) => relay.invoke(event),
    onActivity: options.onActivity,
    lifetime: options.lifetime,
  };
  gateway = await startGateway({ ...gatewayOptions, port: options.relayPort })
    .catch(() => startGateway(gatewayOptions));
  stack.defer(() => gateway.close());
  const relay = stack.use(
    new LocalFunction({
      name: FUNCTION,
      file: RELAY,
      environment: {
        ...store
          ? { REGISTRY_BUCKET: BUCKET, AWS_ENDPOINT_URL_S3: store.endpoint }
          : { LAPTOP_ID: NO_LAPTOP_ID },
        ALLOWED_ORIGINS: page.origins.join(","),
        AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: gateway.endpoint,
      },
    }),
  );
  const { propagation, staleFor } = options;
  const controlPlane = stack.use(
    await startControlPlane({ function: relay, propagation, staleFor }),
  );

  const notes = options.notes ?? join(temporaryFolder(), "notes.json");
  await mkdir(dirname(notes), { recursive: true });
  const backend = stack.use(await startBackend({ file: notes, routes: options.routes }));

  const hosts = new Set<HostProcess>();
  stack.defer(async () => {
    await Promise.all([...hosts].map((host) => host.stop()));
  });

  const hostEnvironment = {
    AWS_ENDPOINT_URL_LAMBDA: controlPlane.endpoint,
    ...store && { AWS_ENDPOINT_URL_S3: store.endpoint },
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
  const hostFlags = () => [
    "--relay",
    gateway.url,
    "--region",
    "us-east-1",
    ...store ? ["--registry", "s3", "--bucket", BUCKET] : ["--function", FUNCTION],
    "--backend",
    options.backend ?? backend.url,
    "--stun",
    "none",
    "--state",
    state,
  ];
  const parts = stack.move();
  return {
    page,
    hostFlags,
    hostEnvironment,
    get gateway() {
      return gateway;
    },
    controlPlane,
    function: relay,
    store,
    backend,
    state,
    identity,
    startHost(flags = [], environment = {}) {
      const host = new HostProcess({
        flags: [...hostFlags(), ...isPublic ? ["--public", "/"] : [], ...flags],
        environment: { ...hostEnvironment, ...environment },
        onLine: options.onHostLine,
      });
      hosts.add(host);
      host.exited.then(() => hosts.delete(host));
      return host;
    },
    stopGateway: () => gateway.close(),
    async restartGateway() {
      const { port } = gateway;
      await gateway.close();
      gateway = await startGateway({ ...gatewayOptions, port });
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
