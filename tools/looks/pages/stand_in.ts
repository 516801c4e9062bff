// Stands in for the element: it shows the pill of any state that it is told, and connects to nothing.
import { LitElement } from "lit";
import type { ConnectionView } from "../../../components/connection/connection_view.ts";
import { diagnosisOf, type TunnelDiagnosis } from "../../../components/connection/diagnosis.ts";
import { StateChangeEvent } from "../../../components/events.ts";
import { styles } from "../../../components/lighthouse_tunnel_styles.ts";
import { Pill } from "../../../components/pill.ts";
import type { Texts } from "../../../components/texts/texts.ts";
import { STATES } from "../states.ts";

const NOTES = [
  { id: "1", text: "Buy oil for the lamp", created: "2026-11-28T18:20:00Z" },
  { id: "2", text: "A longer note:\nit has two lines.", created: "2026-11-29T07:05:00Z" },
];
const SERVICES = [
  { prefix: "/notes", name: "Notes", icon: null, up: true },
  {
    prefix: "/films",
    name: "Films with a name that is so long that it needs two lines",
    icon: null,
    up: false,
  },
];

/** `<lighthouse-tunnel>`, as far as the pages use it. */
export class StandIn extends LitElement {
  static override styles = styles;
  static override properties = { texts: { type: Object } };
  declare texts: Partial<Texts> | null;
  readonly hostKey = null;
  readonly keySite = null;
  workerError: Error | undefined;
  readonly ready = new Promise<void>(() => {});
  #view: ConnectionView = STATES[0]!.view;
  readonly #pill = new Pill(this, {
    retry: () => {},
    pair: () => {},
    accept: () => {},
    keep: () => {},
  });

  constructor() {
    super();
    this.texts = null;
  }

  get state() {
    return this.#view.state;
  }

  get reason() {
    return this.#view.reason;
  }

  get error() {
    return this.#view.error;
  }

  get device() {
    return this.#view.device;
  }

  get diagnosis(): TunnelDiagnosis {
    return diagnosisOf(this.#view);
  }

  /** Shows one of the states. @param name See states.ts. */
  show(name: string): void {
    const { state: previous } = this.#view;
    this.#view = STATES.find((each) => each.name === name)!.view;
    this.requestUpdate();
    this.dispatchEvent(new StateChangeEvent(this.state, previous, this.reason));
  }

  async fetch(path: string): Promise<Response> {
    await Promise.resolve();
    if (this.state !== "connected") throw new TypeError("Cannot fetch", { cause: this.error });
    return Response.json(path === "/api/notes" ? NOTES : { services: SERVICES });
  }

  stats() {
    if (this.state !== "connected") return Promise.reject(new Error("Not connected"));
    const stats = { path: "host", roundTripTime: 3.2, bytesSent: 2000, bytesReceived: 3_000_000 };
    return Promise.resolve(stats);
  }

  connect(): void {}

  pair(): void {}

  retry(): void {}

  async forget(): Promise<void> {}

  protected override render(): unknown {
    return this.#pill.render(this.#view, false);
  }
}

customElements.define("lighthouse-tunnel", StandIn);
