// The start page's content, and when to ask the host for it again.
import type { TemplateResult } from "lit";
import { LighthouseError, type ServiceSummary } from "../../wire/mod.ts";
import { baseOf, type Site, urlOfTarget } from "./addresses.ts";
import { readServices } from "./services.ts";
import { renderStart } from "./start_view.ts";

/** Options of {@linkcode StartPage}. */
export interface StartPageOptions {
  site: Site;
  /** The site's name. */
  name: string;
  /** To the tunnel's own paths. */
  fetch: (path: string) => Promise<Response>;
  /** Opens a URL of the site in the frame. */
  open: (url: URL) => void;
  onChange: () => void;
}

/** The list of services, as the host has told it last. */
export class StartPage {
  readonly #options: StartPageOptions;
  #services: ServiceSummary[] | undefined;
  #problem: string | undefined;
  #isRefreshing = false;

  constructor(options: StartPageOptions) {
    this.#options = options;
  }

  /** Whether the site's root is a service's, so that it is not the start page's; true for older hosts. */
  get isRootTaken(): boolean {
    return this.#problem === undefined &&
      (this.#services === undefined || this.#services.some(({ prefix }) => prefix === "/"));
  }

  /** The URL of the root of the service that has a URL. */
  baseOf(url: URL): URL {
    const prefixes = this.#services?.map(({ prefix }) => prefix) ?? [];
    return baseOf(this.#options.site, url, prefixes);
  }

  /** Asks the host. */
  async refresh(): Promise<void> {
    const { fetch, onChange } = this.#options;
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    onChange();
    try {
      this.#services = await readServices(fetch);
      this.#problem = undefined;
    } catch (error) {
      const { cause = error } = error as Error;
      this.#problem = LighthouseError.from(cause, "connection-lost").message + ".";
    }
    this.#isRefreshing = false;
    onChange();
  }

  /** Renders the page. */
  render(): TemplateResult {
    const { site, name, open } = this.#options;
    return renderStart({
      name,
      services: this.#services,
      problem: this.#problem,
      isRefreshing: this.#isRefreshing,
      urlOf: (target) => urlOfTarget(site, target),
      open,
      refresh: () => void this.refresh(),
    });
  }
}
