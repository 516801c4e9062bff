// The service that forwards to a backend.
import { type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import { Memory } from "../access/memory.ts";
import type { BackendConfig } from "../config/service_config.ts";
import { createAgents } from "./agents.ts";
import { checkHead } from "./answer_head.ts";
import { Backend } from "./backend.ts";
import { backendName } from "./connection_options.ts";
import { countBody } from "./counted_body.ts";
import type { CookieJars } from "./cookies.ts";
import { Credentials } from "./credentials.ts";
import { decoded } from "./decoding.ts";
import { errorResponse } from "./error_response.ts";
import type { Timeouts } from "./exchange.ts";
import { bodyLength } from "./headers.ts";
import { HttpClient } from "./http_client.ts";
import type { Service } from "./service.ts";
import type { Places, TurnLimits } from "./turns.ts";

/** Methods that fetch() forbids too: TRACE would show cookies to a script. */
const REFUSED = new Set(["CONNECT", "TRACE", "TRACK"]);

/** The status of the answer for each failure of a backend. */
const STATUS: Record<string, number> = {
  "backend-unreachable": 502,
  "backend-failed": 502,
  "backend-timeout": 504,
  "bad-redirect": 502,
};

/** Options of {@linkcode forwardTo}. */
export interface ForwardOptions {
  /** The service's cookies. @default new jars in memory */
  cookies?: CookieJars;
  /** Holds the bodies that are counted. The host's services share it. @default the service's own */
  memory?: Memory;
  /** The places for requests, which the host's services share. @default the service's own */
  places?: Places;
  /** Replaces the defaults, for tests. */
  timeouts?: Partial<Timeouts>;
  /** Replaces the defaults, for tests. */
  limits?: Partial<TurnLimits>;
}

/**
 * Makes the service that forwards to a backend. Bodies pass unchanged, but for content codings that pages
 * may not know; the backend's redirects and errors go to the page.
 */
export function forwardTo(config: BackendConfig, options: ForwardOptions = {}): Service {
  const { prefix } = config;
  const { cookies, memory = new Memory(), places, timeouts, limits } = options;
  const backend = new Backend(config, cookies);
  const credentials = new Credentials(config.authorization);
  const client = new HttpClient({
    agents: createAgents(config),
    name: backendName(config),
    places,
    timeouts,
    limits,
  });

  return {
    prefix,
    upstream: { backend, config, credentials },
    documents: backend.documents,
    async handler(request, { signal, principal, find }) {
      // node:http makes it so in any case.
      const method = request.method.toUpperCase();
      if (REFUSED.has(method)) {
        throw new LighthouseError("bad-request", `Cannot forward the method ${method}`);
      }
      let length = bodyLength(request);
      let { body } = request;
      const { url, headers, back } = backend.upstreamRequest(request, principal, find);
      const login = credentials.login(request.headers, principal);
      if (login?.authorization) headers.push(["Authorization", login.authorization]);
      if (body && length === undefined) {
        ({ body, length } = await countBody(body, memory.share(principal), signal));
      }
      let answer: HttpResponse | undefined;
      try {
        const upstream = { url, method, headers, body, length, principal };
        answer = await client.send(upstream, signal);
        login?.answered(answer.status);
        answer = { ...answer, headers: back(answer.headers, answer.status) };
        answer = decoded(answer, () => memory.share(principal));
        checkHead(answer);
        return answer;
      } catch (error) {
        answer?.body?.cancel().catch(() => {});
        const { code, message } = LighthouseError.from(error, "backend-failed");
        const status = STATUS[code];
        if (status === undefined) throw error;
        return errorResponse(status, code, message);
      }
    },
    forget: (id) => credentials.forget(id),
    close: () => client.close(),
  };
}
