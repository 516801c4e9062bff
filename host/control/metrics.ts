// Metrics for monitoring, in the OpenMetrics format: https://prometheus.io/docs/specs/om/open_metrics_spec
import type { ServerResponse } from "node:http";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import type { Principal } from "../access/principal.ts";
import type { Log } from "../platform/log.ts";
import { type LoopbackServer, serveLoopback } from "../platform/loopback.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import type { Standing } from "./monitor.ts";

/** Buckets of the histogram of the time to an answer's head, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The metrics of a running host. */
export class Metrics {
  readonly #registry = new Registry<OpenMetricsContentType>();
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #webSockets: Counter;
  readonly #log: Log;
  readonly #writes: () => boolean;
  #answered = 0;
  /** Returns the number of requests and WebSockets under way; 0 until the host sets it. */
  underWay = () => 0;

  /**
   * @param log Takes a line of level `debug` for each request.
   * @param look Returns the host's status when the metrics are read.
   * @param writes Whether such lines are logged now: building one costs as much as a part of a small request.
   */
  constructor(
    log: Log,
    look: () => { standing: Standing; devices: number },
    writes: () => boolean,
  ) {
    this.#log = log;
    this.#writes = writes;
    this.#registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: "lighthouse_requests_total",
      help: "Requests of pages, by the answer's status.",
      labelNames: ["code"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "lighthouse_request_seconds",
      help: "Time until the answer's head.",
      buckets: BUCKETS,
      registers,
    });
    this.#webSockets = new Counter({
      name: "lighthouse_websockets_total",
      help: "WebSockets that pages have asked for.",
      registers,
    });
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect: function () {
          this.set(read());
        },
      });
    gauge("lighthouse_online", "1 while the relay knows this host.", () => {
      return look().standing.phase === "online" ? 1 : 0;
    });
    gauge("lighthouse_pages", "Pages that are connected.", () => look().standing.pages);
    gauge("lighthouse_streams", "Requests and WebSockets under way.", () => this.underWay());
    // The library's default metrics would wake the process a hundred times a second.
    gauge("process_resident_memory_bytes", "Memory.", () => process.memoryUsage.rss());
    gauge("process_start_time_seconds", "When it began.", () => performance.timeOrigin / 1000);
    new Counter({
      name: "process_cpu_seconds_total",
      help: "Processor time.",
      registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    });
    gauge("lighthouse_devices", "Devices that are let in.", () => look().devices);
  }

  /** Number of requests that have been answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Wraps a handler, and counts and logs its requests, without queries and headers: they hold secrets. */
  watch(handler: ServiceHandler): ServiceHandler {
    return async (request, context) => {
      const started = performance.now();
      let code = "failed";
      try {
        const response = await handler(request, context);
        code = String(response.status);
        this.#answered++;
        return response;
      } finally {
        const ms = performance.now() - started;
        this.#requests.inc({ code });
        this.#seconds.observe(ms / 1000);
        this.#write(request.method, request.target, code, ms, context.principal);
      }
    };
  }

  /** Counts a WebSocket that a page opens. */
  sawWebSocket(target: string, principal: Principal): void {
    this.#webSockets.inc();
    this.#write("WEBSOCKET", target, "asked for", 0, principal);
  }

  /** Answers a request for the metrics. */
  async send(response: ServerResponse): Promise<void> {
    const text = await this.#registry.metrics();
    response.writeHead(200, { "content-type": this.#registry.contentType });
    response.end(text);
  }

  #write(method: string, target: string, code: string, ms: number, principal: Principal): void {
    if (!this.#writes()) return;
    const path = target.replace(/\?.*/s, "");
    const who = principal.name === undefined ? "a stranger" : `“${principal.name}”`;
    this.#log("debug", "request", `${method} ${path} ${code} in ${ms.toFixed(1)} ms for ${who}`, {
      method,
      path,
      status: code,
      ms: Math.round(ms * 10) / 10,
      device: principal.id,
    });
  }
}

/**
 * Serves the metrics at http://127.0.0.1:PORT/metrics, on this machine only.
 *
 * @throws {LighthouseError} `bad-config` if the port is not free.
 */
export async function serveMetrics(metrics: Metrics, port: number): Promise<LoopbackServer> {
  return await serveLoopback("metrics", port, async ({ method, url }, response) => {
    if (method === "GET" && url === "/metrics") await metrics.send(response);
    else response.writeHead(404).end();
  });
}
