// The service that forwards to a backend.
import { LighthouseError } from "../../wire/mod.ts";
import type { BackendConfig } from "../config/service_config.ts";
import { Backend } from "./backend.ts";
import type { CookieJars } from "./cookies.ts";
import { errorResponse } from "./error_response.ts";
import { bodyLength } from "./headers.ts";
import { createAgent, HttpClient, type Timeouts } from "./http_client.ts";
import type { Service } from "./service.ts";

/** Methods that fetch() forbids too: TRACE would show cookies to a script. */
const REFUSED = new Set(["CONNECT", "TRACE", "TRACK"]);

/** The status of the answer for each failure of a backend. */
const STATUS: Record<string, number> = {
  "backend-unreachable": 502,
  "backend-failed": 502,
  "backend-timeout": 504,
};

/** Options of {@linkcode forwardTo}. */
export interface ForwardOptions {
  /** The service's cookies. @default new jars in memory */
  cookies?: CookieJars;
  /** Replaces the defaults, for tests. */
  timeouts?: Partial<Timeouts>;
}

/**
 * Makes the service that forwards to a backend. Bodies pass unchanged; the backend's redirects and
 * errors go to the page.
 */
export function forwardTo(
  config: BackendConfig,
  { cookies, timeouts }: ForwardOptions = {},
): Service {
  const { prefix } = config;
  const backend = new Backend(config, cookies);
  const client = new HttpClient(createAgent(config.backend.protocol), timeouts);

  return {
    prefix,
    backend,
    async handler(request, { signal, principal }) {
      if (REFUSED.has(request.method.toUpperCase())) {
        throw new LighthouseError("bad-request", `Cannot forward the method ${request.method}`);
      }
      const { method, body } = request;
      const length = bodyLength(request);
      const { url, headers, back } = backend.upstreamRequest(request, principal);
      try {
        const answer = await client.send({ url, method, headers, body, length }, signal);
        return { ...answer, headers: back(answer.headers) };
      } catch (error) {
        const { code, message } = LighthouseError.from(error, "backend-failed");
        const status = STATUS[code];
        if (status === undefined) throw error;
        return errorResponse(status, code, message);
      }
    },
    close: () => client.close(),
  };
}
