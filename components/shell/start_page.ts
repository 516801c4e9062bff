// The start page's content, and when to ask the host for it again.
import type { TemplateResult } from "lit";
import type { ServiceSummary } from "../../wire/mod.ts";
import { baseOf, type Site, urlOfTarget } from "./addresses.ts";
import { readServices } from "./services.ts";
import { renderStart } from "./start_view.ts";
import type { ShellTexts } from "./texts.ts";

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
  #hasFailed = false;
  #isRefreshing = false;

  constructor(options: StartPageOptions) {
    this.#options = options;
  }

  /** Whether the site's root is a service's, so that it is not the start page's; true for older hosts. */
  get isRootTaken(): boolean {
    return !this.#hasFailed &&
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
      this.#hasFailed = false;
    } catch {
      this.#hasFailed = true;
    }
    this.#isRefreshing = false;
    onChange();
  }

  /** Renders the page. */
  render(texts: ShellTexts): TemplateResult {
    const { site, name, open } = this.#options;
    return renderStart({
      texts,
      name,
      services: this.#services,
      hasFailed: this.#hasFailed,
      isRefreshing: this.#isRefreshing,
      urlOf: (target) => urlOfTarget(site, target),
      open,
      refresh: () => void this.refresh(),
    });
  }
}
