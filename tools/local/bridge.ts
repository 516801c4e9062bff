// Development part: the whole bridge on this machine. Local stand-ins replace AWS; all other parts are
// real. `npm start` and the end-to-end tests use it.
import { mkdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Identity, readIdentity } from "../../host/access/host_key.ts";
import type { RegistryConfig } from "../../host/config/config.ts";
import { NO_LAPTOP_ID } from "../../wire/limits.ts";
import { DEFAULT_HOST, OPEN, toBase64url } from "../../wire/mod.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { type Backend, type BackendOptions, startBackend } from "./backend.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import { type Gateway, type GatewayOptions, startGateway } from "./gateway_server.ts";
import { type HostLine, HostProcess } from "./host_process.ts";
import { LocalFunction } from "./lambda.ts";
import { type ObjectStore, startObjectStore } from "./object_store.ts";
import { type Page, startPage } from "./page.ts";

/** The folder of the development dependencies' programs. */
const PROGRAMS = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));

/** Options of {@linkcode startBridge}. */
export interface BridgeOptions {
  /** The page's port. @default any free one */
  port?: number;
  /** The page's folder. @default docs/demo */
  folder?: string;
  /**
   * The relay's port: browsers know a host by its relay's address. @default any free one, also if this
   * one is in use
   */
  relayPort?: number;
  /** File of the sample backend's notes. @default a temporary file */
  notes?: string;
  /** The host's state folder. @default a temporary folder */
  state?: string;
  /**
   * Whether unpaired pages may connect, and the page pins the host's key. @default true, since most tests
   * do not concern pairing
   */
  isPublic?: boolean;
  /** Further addresses that the page's policy allows, besides the relay. */
  connect?: string[];
  /** Origins of further pages that may use the relay. */
  origins?: string[];
  /** Further routes of the sample backend. */
  routes?: BackendOptions["routes"];
  /** The backend in the hosts' flags: a URL, or a folder's path. @default the sample backend's URL */
  backend?: string;
  /** The hosts' registry. With `relay`, the hosts get no AWS credentials. @default "lambda-env" */
  registry?: RegistryConfig["kind"];
  /** With `s3` and `relay`, the host that the page names. @default no name, which means `laptop` */
  host?: string;
  /** With `relay`, the names of the hosts whose key the relay knows. @default the page's */
  hosts?: string[];
  /** With `s3` and `relay`, whether the page reads the registry. @default true */
  publicRegistry?: boolean;
  /** Whether pages may come by QUIC. @default true; tests of WebRTC's ways do without */
  quic?: boolean;
  /** Time for which an update of the function is in progress, in milliseconds. @default 3000 */
  propagation?: number;
  /** Further time for which warm instances serve the old environment, in milliseconds. @default 0 */
  staleFor?: number;
  /** The gateway's limit for a connection, in milliseconds. @default 7_200_000 */
  lifetime?: number;
  /** The gateway's throttles. @default none, which tests would meet that open many connections */
  throttles?: GatewayOptions["throttles"];
  onActivity?: GatewayOptions["onActivity"];
  onHostLine?: (line: HostLine) => void;
}

/** The parts. All run, except the host. */
export interface Bridge extends AsyncDisposable {
  readonly page: Page;
  readonly gateway: Gateway;
  readonly controlPlane: ControlPlane;
  readonly function: LocalFunction;
  /** The bucket of `s3` and `relay`; undefined otherwise. */
  readonly store: ObjectStore | undefined;
  readonly backend: Backend;
  /** The hosts' state folder, with the key that all of them use. */
  readonly state: string;
  readonly identity: Identity;
  /** The flags of a host's commands that lead to this bridge, and the environment variables. */
  hostFlags(): string[];
  readonly hostEnvironment: Record<string, string>;
  /** Starts a host. Several may run; the bridge's disposal stops them. */
  startHost(flags?: string[], environment?: Record<string, string | undefined>): HostProcess;
  /** Closes the gateway with all its connections, and reopens it on the same port. */
  restartGateway(): Promise<void>;
  stopGateway(): Promise<void>;
}

const FUNCTION = "SignalingRelay";
const BUCKET = "lighthouse-registry";
const RELAY = new URL("../../relay/dist/main.mjs", import.meta.url);

/** Starts all parts except the host. Needs the built bundles. */
export async function startBridge(options: BridgeOptions = {}): Promise<Bridge> {
  await using stack = new AsyncDisposableStack();
  let gateway: Gateway;

  const { isPublic = true, port, connect = [], host: hostName, publicRegistry = true } = options;
  const { registry = "lambda-env", hosts: hostNames = [hostName ?? DEFAULT_HOST] } = options;
  const state = options.state ?? join(temporaryFolder(), "state");
  const identity = await readIdentity(state);
  const publicKey = toBase64url(identity.publicKey);
  let store: ObjectStore | undefined;
  const page = stack.use(
    await startPage({
      port,
      folder: options.folder,
      relay: () => gateway.url,
      stun: "none",
      hostKey: isPublic ? publicKey : undefined,
      host: hostName,
      registry: () => publicRegistry ? store?.url : undefined,
      connect,
    }),
  );
  const origins = [...page.origins, ...options.origins ?? []];
  if (registry !== "lambda-env") {
    store = stack.use(
      await startObjectStore({
        bucket: BUCKET,
        // Keys of the hosts, and of the relay's role in the emulated Lambda.
        keys: { "local": "local", "local-access-key": "local-secret-key" },
        isPublic: publicRegistry,
        allowedOrigins: origins,
      }),
    );
  }
  const gatewayOptions: GatewayOptions = {
    invoke: (event) => relay.invoke(event),
    onActivity: options.onActivity,
    lifetime: options.lifetime,
    throttles: options.throttles,
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
          : { LAPTOP_ID: NO_LAPTOP_ID, ADMISSION_KEY: OPEN },
        ...registry === "relay" && {
          HOST_KEYS: hostNames.map((name) => `${name}=${publicKey}`).join(","),
        },
        ALLOWED_ORIGINS: origins.join(","),
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

  const hostEnvironment: Record<string, string> = {
    ...registry !== "relay" && {
      AWS_ENDPOINT_URL_LAMBDA: controlPlane.endpoint,
      ...store && { AWS_ENDPOINT_URL_S3: store.endpoint },
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    },
    // Deno is among the development dependencies.
    PATH: [PROGRAMS, process.env.PATH].join(delimiter),
  };
  const registryFlags = {
    "lambda-env": ["--region", "us-east-1", "--function", FUNCTION],
    "s3": ["--region", "us-east-1", "--registry", "s3", "--bucket", BUCKET],
    "relay": ["--registry", "relay"],
  };
  const hostFlags = () => [
    "--relay",
    gateway.url,
    ...registryFlags[registry],
    ...options.backend?.startsWith("/")
      ? ["--service", `/=${options.backend}`]
      : ["--backend", options.backend ?? backend.url],
    "--stun",
    "none",
    "--quic",
    options.quic === false ? "off" : "on",
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
