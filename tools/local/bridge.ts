// A development part: the whole bridge on this machine, each real part in its place and AWS's own
// replaced by local ones. `npm start` and the end-to-end tests stand on it.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Backend, type BackendOptions, startBackend } from "./backend.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
import { type HostLine, HostProcess } from "./host_process.ts";
import { LocalFunction } from "./lambda.ts";
import { type Page, startPage } from "./page.ts";

/** Options of {@linkcode startBridge}. */
export interface BridgeOptions {
  /** The page's port. @default any that is free */
  port?: number;
  /** Where the sample backend keeps its notes. @default a temporary file */
  notes?: string;
  /** Routes of the sample backend besides its own. */
  routes?: BackendOptions["routes"];
  /** Milliseconds for which an update of the function is in progress. @default 3000 */
  propagation?: number;
  /** Milliseconds for which warm instances still serve the old environment after that. @default 0 */
  staleFor?: number;
  onActivity?: GatewayOptions["onActivity"];
  onHostLine?: (line: HostLine) => void;
}

/** The parts, all running but the host. */
export interface Bridge extends AsyncDisposable {
  readonly page: Page;
  readonly gateway: Gateway;
  readonly controlPlane: ControlPlane;
  readonly function: LocalFunction;
  readonly backend: Backend;
  /** Starts a host; several may run. Those still running at the end are stopped. */
  startHost(flags?: string[]): HostProcess;
  /** Closes the gateway with all its connections, and opens it again on the same port. */
  restartGateway(): Promise<void>;
  stopGateway(): Promise<void>;
}

const FUNCTION = "SignalingRelay";
const RELAY = new URL("../../relay/dist/main.mjs", import.meta.url);

/** Starts everything but the host. The bundles must have been built. */
export async function startBridge(options: BridgeOptions = {}): Promise<Bridge> {
  await using stack = new AsyncDisposableStack();
  let gateway: Gateway;

  const page = stack.use(
    await startPage({ port: options.port, relay: () => gateway.url, stun: "none" }),
  );
  const gatewayOptions: GatewayOptions = {
    invoke: (event) => relay.invoke(event),
    onActivity: options.onActivity,
  };
  gateway = await startGateway(gatewayOptions);
  stack.defer(() => gateway.close());
  const relay = stack.use(
    new LocalFunction({
      name: FUNCTION,
      file: RELAY,
      environment: {
        LAPTOP_ID: "init",
        ALLOWED_ORIGINS: page.origins.join(","),
        AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: gateway.endpoint,
      },
    }),
  );
  const { propagation, staleFor } = options;
  const controlPlane = stack.use(
    await startControlPlane({ function: relay, propagation, staleFor }),
  );

  const notes = options.notes ?? join(await temporaryFolder(stack), "notes.json");
  await mkdir(dirname(notes), { recursive: true });
  const backend = stack.use(await startBackend({ file: notes, routes: options.routes }));

  const hosts = new Set<HostProcess>();
  stack.defer(async () => {
    await Promise.all([...hosts].map((host) => host.stop()));
  });

  const parts = stack.move();
  return {
    page,
    get gateway() {
      return gateway;
    },
    controlPlane,
    function: relay,
    backend,
    startHost(flags = []) {
      const host = new HostProcess({
        flags: [
          ...["--relay", gateway.url, "--function", FUNCTION, "--region", "us-east-1"],
          ...["--backend", backend.url, "--stun", "none", ...flags],
        ],
        environment: {
          AWS_ENDPOINT_URL_LAMBDA: controlPlane.endpoint,
          AWS_ACCESS_KEY_ID: "local",
          AWS_SECRET_ACCESS_KEY: "local",
        },
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

async function temporaryFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lighthouse-"));
  stack.defer(() => rm(folder, { recursive: true }));
  return folder;
}
