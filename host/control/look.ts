// Looks whether backends answer, for `status` and `doctor`.
import type { IncomingMessage } from "node:http";
import process from "node:process";
import { type BackendConfig, formatService, type ServiceConfig } from "../config/service_config.ts";
import type { Trouble } from "../proxy/backend_errors.ts";

/** A service, and what is seen of its backend. */
export interface SeenService {
  service: string;
  /** Whether the backend takes connections, over TLS if it has to; null for a folder. */
  isUp: boolean | null;
  /** What is wrong with it. */
  trouble?: string;
  /** What its owner may not know. */
  hint?: string;
  /** What to do about either. */
  cure?: string;
}

/** Limit for a backend to take a connection and to answer, in milliseconds. */
const LOOK_MS = 1_000;

/** Looks at all services at the same time. */
export async function lookAt(services: ServiceConfig[]): Promise<SeenService[]> {
  return await Promise.all(services.map(async (config) => {
    const service = formatService(config);
    if (!("backend" in config)) return { service, isUp: null };
    return { service, ...await lookAtBackend(config) };
  }));
}

/** Asks for the head of the backend's page. One that is slow to answer is up all the same. */
async function lookAtBackend(config: BackendConfig): Promise<Omit<SeenService, "service">> {
  const { backend, authorization } = config;
  // Load it here: a static import would cost each command time, and few need it.
  const { connectionOptions, PARSER } = await import("../proxy/connection_options.ts");
  const { troubleOf } = await import("../proxy/backend_errors.ts");
  const isTls = backend.protocol === "https:";
  const { request } = isTls
    ? process.getBuiltinModule("node:https")
    : process.getBuiltinModule("node:http");
  const { promise, resolve } = Promise.withResolvers<Omit<SeenService, "service">>();
  let isUp = false;
  const asked = request(backend, {
    ...connectionOptions(config),
    ...PARSER,
    method: "HEAD",
    agent: false,
    headers: authorization === undefined ? {} : { authorization },
  });
  asked.on("socket", (socket) => {
    socket.once(isTls ? "secureConnect" : "connect", () => isUp = true);
  });
  asked.on("response", (answer) => resolve({ isUp, ...judge(answer, config) }));
  asked.on("error", (error: NodeJS.ErrnoException) => {
    // That nobody listens needs no explanation.
    if (error.code === "ECONNREFUSED") return resolve({ isUp });
    const { why, cure } = missing(config, error) ?? troubleOf(error);
    resolve({ isUp, trouble: why, cure: cure ?? (isTls ? "look into its log" : IS_TLS) });
  });
  const timer = setTimeout(() => resolve({ isUp }), LOOK_MS);
  asked.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    asked.destroy();
  }
}

const IS_TLS = "is its URL https://? If not, look into its log";

/** Explains a socket or a name that is not there. */
function missing(
  { backend, socketPath }: BackendConfig,
  { code }: NodeJS.ErrnoException,
): Trouble | undefined {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return { why: `there is no address of ${backend.hostname}`, cure: "correct its name" };
  }
  if (socketPath === undefined || code !== "ENOENT") return undefined;
  const hint = /^\/(?:var\/)?tmp\//.test(socketPath)
    ? ". A system service has a /tmp of its own: put the socket elsewhere for it"
    : "";
  return { why: "the socket is not there", cure: `start it, or correct the path${hint}` };
}

/** Looks whether the backend asks for a password by HTTP Basic (RFC 9110 §11.6.1). */
function judge(
  { statusCode, headers }: IncomingMessage,
  { authorization }: BackendConfig,
): Omit<SeenService, "service" | "isUp"> {
  if (statusCode !== 401) return {};
  if (authorization !== undefined) {
    return {
      trouble: "it refuses the password that the host has (401)",
      cure: "correct it: user:password@ in the URL, or authorization=FILE",
    };
  }
  if (!/\bbasic\b/i.test(headers["www-authenticate"] ?? "")) return {};
  return {
    hint: "it asks for a user and password (401)",
    cure: "give user:password@ in its URL or authorization=FILE, so that pages need none",
  };
}
