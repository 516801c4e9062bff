// The service that forwards to a backend.
import { LighthouseError } from "../../wire/mod.ts";
import { Backend } from "./backend.ts";
import { errorResponse } from "./error_response.ts";
import type { Timeouts } from "./exchange.ts";
import { bodyLength } from "./headers.ts";
import { createAgent, HttpClient } from "./http_client.ts";
import type { Service } from "./service.ts";

/** Methods that fetch() forbids too: TRACE sends back what a script must not see, cookies. */
const REFUSED = new Set(["CONNECT", "TRACE", "TRACK"]);

/** The answer's status for what a backend did wrong. */
const STATUS: Record<string, number> = {
  "backend-unreachable": 502,
  "backend-failed": 502,
  "backend-timeout": 504,
};

/**
 * Makes the service that forwards to a backend: bodies untouched, redirects and errors its own.
 *
 * @param prefix `/`, or such as `/notes`.
 * @param url An http or https URL; its path is put in the prefix's place.
 * @param timeouts Times to change in tests.
 */
export function forwardTo(prefix: string, url: URL, timeouts?: Partial<Timeouts>): Service {
  const backend = new Backend(prefix, url);
  const client = new HttpClient(createAgent(url.protocol), timeouts);

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
