// What this page and the host see of their networks, for the reports between them and for the user.
import { candidateKinds, type IceConfig, type NetworkReport } from "../../wire/mod.ts";
import { probeNetwork } from "./network_probe.ts";

/** What both ends see. */
export interface NetworkView {
  page: NetworkReport;
  /** Undefined until the host has answered once, and from a host of an earlier version. */
  host?: NetworkReport;
}

/** Options of {@linkcode PageNetwork}. */
export interface PageNetworkOptions {
  ice: () => IceConfig;
  /** Sends the page's report over the session, and returns the host's; undefined without a connection. */
  exchange: (report: NetworkReport) => Promise<NetworkReport | undefined>;
  onChange: () => void;
  /** @default looks at the browser's network */
  probe?: typeof probeNetwork;
}

/** What is known of the networks, while the page connects and while it is connected. */
export class PageNetwork {
  readonly #options: PageNetworkOptions;
  #seen: NetworkReport = {};
  #way: NetworkReport["way"];
  #host: NetworkReport | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: PageNetworkOptions) {
    this.#options = options;
  }

  /** What is known now. */
  get view(): NetworkView {
    const page = { ...this.#seen };
    if (this.#way) page.way = this.#way;
    return this.#host ? { page, host: this.#host } : { page };
  }

  /** The page's report for an offer, which has its own candidates. */
  report(sdp: string): NetworkReport {
    const candidates = candidateKinds(sdp);
    const report: NetworkReport = { ...this.view.page, candidates };
    if (candidates.some((kind) => kind.startsWith("srflx"))) report.stun = "answers";
    if (this.#options.ice().iceServers.length === 0) report.stun = "off";
    return report;
  }

  /** Takes the host's report. */
  heard(host: NetworkReport | undefined): void {
    this.#host = host ?? this.#host;
  }

  /** Takes how an attempt has ended. If it is not by a direct connection, looks why. */
  ended(way: NonNullable<NetworkReport["way"]>): void {
    const isNews = way !== this.#way;
    this.#way = way;
    this.#options.onChange();
    if (way !== "direct" && isNews) void this.look();
  }

  /** Looks at the network, tells the host, and takes what the host sees. One look is under way at most. */
  look(): Promise<void> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  async #look(): Promise<void> {
    const { ice, exchange, onChange, probe = probeNetwork } = this.#options;
    this.#seen = await probe({ ice: ice() });
    // A host that does not answer has told enough with its answer.
    this.heard(await exchange(this.view.page).catch(() => undefined));
    onChange();
  }
}
