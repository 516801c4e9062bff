// The networks of both ends, as the host knows them: what it tells pages, and what decides the way of each
// device's connection, for the log, `doctor` and `status`.
import {
  answerReport,
  CAUSES,
  CURES,
  diagnose,
  NETWORK_PATH,
  type NetworkReport,
  reportIn,
  type Verdict,
  type Way,
  waysOf,
  type WayState,
} from "../../wire/mod.ts";
import type { PortMappingState } from "../mapping/mod.ts";
import type { Log } from "../platform/log.ts";
import type { Principal } from "../access/principal.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import type { QuicState } from "../quic/describe.ts";
import type { OwnNetwork } from "./own_network.ts";
import { type Outcome, type PageReport, PageReports } from "./page_reports.ts";

/** A device's network and its connection. */
export interface DeviceNetwork extends Verdict {
  /** The device's id, or `strangers`. */
  device: string;
  name: string | null;
  /** When the device offered the connection, in ISO 8601. */
  time: string;
  /** The verdict in one line, in the words that the page has for it. */
  message: string;
  ways: Record<Way, WayState>;
  /** What its page sees. */
  page: NetworkReport;
}

/** What is known of them now. */
export interface NetworksView {
  /** What the host sees. */
  host: NetworkReport;
  /** How the router's ports stand. */
  port?: PortMappingState;
  /** Whether pages come by WebTransport. */
  quic?: QuicState;
  /** The newest first. */
  devices: DeviceNetwork[];
}

/** The log's words for the ways, and what they are for a page. */
const OUTCOMES: Record<string, Outcome> = {
  direct: "direct",
  mapped: "direct",
  router: "direct",
  turn: "turn",
  relayed: "relayed",
  quic: "direct",
};

/** What came about in place of a direct connection. */
const WHATS: Record<Exclude<Outcome, "direct">, string> = {
  turn: "no direct connection, but one through TURN,",
  relayed: "no direct connection",
  none: "no connection",
};

/** Log events of a page's connection that has come about. They have the fields `device` and `way`. */
const OPENED = new Set(["page-connected", "page-back", "page-lane"]);

/** Options of {@linkcode Networks}. */
export interface NetworksOptions {
  /** What pages have reported. @default nothing yet */
  reports?: PageReports;
  /** How the router's ports stand. @default not known */
  port?: () => PortMappingState;
  /** Whether pages come by WebTransport. @default not known */
  quic?: () => QuicState;
}

/** Knows the host's network, and what pages report of theirs. */
export class Networks {
  readonly #own: Pick<OwnNetwork, "report">;
  readonly #parts: Pick<NetworksOptions, "port" | "quic">;
  readonly reports: PageReports;
  #log: Log = () => {};

  constructor(own: Pick<OwnNetwork, "report">, options: NetworksOptions = {}) {
    const { reports = new PageReports(), ...parts } = options;
    this.#own = own;
    this.#parts = parts;
    this.reports = reports;
  }

  /** The host's report for a page. A page that is not paired need not know of a VPN. */
  report({ name }: Pick<Principal, "name">, sdp?: string): NetworkReport {
    const { vpn, ...report } = this.#own.report(sdp);
    return name !== undefined && vpn ? { ...report, vpn } : report;
  }

  /** All that is known now. */
  get view(): NetworksView {
    const host = this.#own.report();
    const devices = this.reports.all.map((report) => {
      const { id, name, time } = report;
      const page = pageOf(report);
      const verdict = diagnose(page, host);
      return {
        device: id,
        name: name ?? null,
        time: new Date(time).toISOString(),
        ...verdict,
        message: describeVerdict(verdict),
        ways: waysOf(page, host),
        page,
      };
    });
    const { port, quic } = this.#parts;
    return { host, port: port?.(), quic: quic?.(), devices };
  }

  /** Wraps a log: learns from its lines how connections come about, and adds why one is not direct. */
  watch(log: Log): Log {
    this.#log = log;
    return (level, event, text, fields) => {
      log(level, event, text, fields);
      const { device, way } = fields ?? {};
      if (typeof device !== "string") return;
      const outcome = OPENED.has(event)
        ? OUTCOMES[String(way)]
        : event === "page-refused"
        ? "none"
        : undefined;
      const told = outcome && this.reports.tell(device, outcome);
      if (told) this.#explain(told);
    };
  }

  /** Answers pages that tell what they see, and passes other requests on. */
  serve(handler: ServiceHandler): ServiceHandler {
    return (request, context) => {
      if (request.target !== NETWORK_PATH) return handler(request, context);
      const page = reportIn(request.headers);
      const told = page && this.reports.update(context.principal, page);
      if (told) this.#explain(told);
      return Promise.resolve(answerReport(this.report(context.principal)));
    };
  }

  /** Says why the way is not the direct one, once. */
  #explain(report: PageReport): void {
    const { id, name, page, outcome, hasDirectFailed } = report;
    if (!outcome || outcome === "direct") return;
    // The page looks at its network now, and tells.
    if (outcome !== "none" && page.candidates && !page.stun) return;
    const verdict = diagnose(pageOf(report), this.#own.report());
    // The page may just have left, or the direct attempt may be under way yet.
    const mayBeFine = outcome === "none" || (outcome === "relayed" && !hasDirectFailed);
    if (mayBeFine && verdict.cause === "unknown") return;
    if (report.explained === verdict.cause) return;
    report.explained = verdict.cause;
    const level = outcome === "none" ? "warn" : "info";
    const who = name === undefined ? "a page that is not paired" : `“${name}”`;
    const text = `${WHATS[outcome]} with ${who}: ${describeVerdict(verdict)}`;
    this.#log(level, "page-network", text, { device: id, ...verdict });
  }
}

/** What a page sees, with the way that has come about. */
function pageOf({ page, outcome }: PageReport): NetworkReport {
  return outcome ? { ...page, way: outcome } : page;
}

/** A verdict in one line, in the words that the page has for it. */
export function describeVerdict({ cause, cures }: Verdict): string {
  const [cure] = cures;
  return cure ? `${CAUSES[cause]}. ${CURES[cure]}` : CAUSES[cause];
}
