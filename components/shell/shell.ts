// The page around the app: leads from the tunnel's state and the address to what is shown.
import { nothing, render, type TemplateResult } from "lit";
import type { LighthouseTunnel } from "../lighthouse_tunnel.ts";
import { AddressBar } from "./address_bar.ts";
import { isRoot, isStart, type Site, startUrl } from "./addresses.ts";
import { AppFrame, type ShownPage } from "./app_frame.ts";
import { Dock } from "./dock.ts";
import { renderMessage } from "./message_view.ts";
import { PairingView } from "./pairing_view.ts";
import { type Screen, type ScreenAction, screenFor } from "./screen.ts";
import { StartPage } from "./start_page.ts";
import { TabIcon } from "./tab_icon.ts";
import { watchVersion } from "./version.ts";

/** The shell of one page. */
export class Shell {
  readonly #site: Site;
  readonly #tunnel: LighthouseTunnel;
  /** The site's own title. */
  readonly #name = document.title;
  readonly #main = document.createElement("main");
  readonly #panel = document.createElement("div");
  readonly #aside = document.createElement("aside");
  readonly #address = new AddressBar();
  readonly #icon = new TabIcon();
  readonly #pairing: PairingView;
  readonly #start: StartPage;
  readonly #dock: Dock;
  /** What has been opened; undefined before the first time. */
  #content: "app" | "start" | undefined;
  #frame: AppFrame | undefined;
  /** The URL that is shown, or is to be. */
  #url = new URL(location.href);
  #wantsPairing = false;
  #isOutdated = false;
  /** Whether the frame shows nothing of the app's. */
  #isBroken = false;
  #shown: Screen["show"] = "content";

  /** Builds the shell into the document, and goes on by itself. */
  constructor(site: Site, tunnel: LighthouseTunnel) {
    this.#site = site;
    this.#tunnel = tunnel;
    const onChange = () => this.#render();
    this.#pairing = new PairingView({ onLink: (fragment) => this.#useLink(fragment), onChange });
    this.#start = new StartPage({
      site,
      name: this.#name,
      fetch: (path) => tunnel.fetch(path),
      open: (url) => this.#go(url),
      onChange,
    });
    this.#dock = new Dock({ onChange, storage: storageOf(globalThis) });
    this.#aside.ariaLabel = "Lighthouse";
    this.#main.append(this.#panel);
    // Before the app, so that one step back from its first control leads here.
    document.body.append(this.#aside, this.#main);
    tunnel.addEventListener("statechange", () => this.#onState());
    tunnel.addEventListener("devicechange", onChange);
    addEventListener("popstate", () => this.#onAddress());
    addEventListener("hashchange", () => this.#onAddress());
    void watchVersion(() => {
      this.#isOutdated = true;
      this.#render();
    });
    this.#onState();
  }

  #onState(): void {
    const { state, workerError } = this.#tunnel;
    if (!this.#content && state === "connecting") this.#openAhead();
    if (!this.#content && state === "connected" && !workerError) void this.#openFirst();
    this.#render();
  }

  /**
   * Asks for the app's page when the host has let this device in: the worker holds the request while the
   * connection opens, and for the next attempt where that fails. In the end it answers with a page of its own.
   */
  #openAhead(): void {
    const url = this.#url;
    // Without its worker, the frame would ask the site's server.
    const hasWorker = (navigator.serviceWorker as ServiceWorkerContainer | undefined)?.controller;
    if (!hasWorker || this.#frame || isStart(this.#site, url) || isRoot(this.#site, url)) return;
    this.#openFrame(url);
  }

  async #openFirst(): Promise<void> {
    const url = this.#url;
    if (isStart(this.#site, url)) return this.#openStart();
    if (!isRoot(this.#site, url)) {
      if (this.#frame) this.#content = "app";
      else this.#openApp(url);
      // Whether a link to the root is one to the start page.
      if (this.#site.service === null) void this.#start.refresh();
      return;
    }
    this.#content = "start";
    await this.#start.refresh();
    if (this.#start.isRootTaken) this.#openApp(url);
  }

  #openApp(url: URL): void {
    this.#content = "app";
    this.#url = url;
    this.#isBroken = false;
    this.#openFrame(url);
    this.#render();
  }

  #openFrame(url: URL): void {
    if (!this.#frame) {
      this.#frame = new AppFrame({
        site: this.#site,
        base: () => this.#start.baseOf(this.#url),
        onShown: (page) => this.#onShown(page),
        onBroken: () => this.#onBroken(),
      });
      this.#frame.element.title = this.#name;
      this.#main.append(this.#frame.element);
    }
    this.#frame.open(url);
  }

  #removeFrame(): void {
    this.#frame?.remove();
    this.#frame = undefined;
  }

  #openStart(): void {
    this.#content = "start";
    this.#url = new URL(location.href);
    this.#removeFrame();
    document.title = this.#name;
    void this.#icon.show(null);
    void this.#start.refresh();
    this.#render();
  }

  /** Goes to a page of the site, as a link does. */
  #go(url: URL): void {
    this.#address.add(url);
    if (this.#isStartPage(url)) this.#openStart();
    else this.#openApp(url);
  }

  #isStartPage(url: URL): boolean {
    return isStart(this.#site, url) || (isRoot(this.#site, url) && !this.#start.isRootTaken);
  }

  #onShown({ url, title, icon, isApp }: ShownPage): void {
    // Asked for ahead: another tab's connection has brought it, or it is the worker's page, for want of one.
    if (!this.#content && !isApp) return this.#removeFrame();
    this.#content ??= "app";
    if (this.#content !== "app") return;
    const isFirst = document.title === this.#name && document.activeElement === document.body;
    this.#url = url;
    this.#isBroken = false;
    this.#address.show(url);
    if (this.#isStartPage(url)) return this.#openStart();
    document.title = title || this.#name;
    this.#frame!.element.title = document.title;
    void this.#icon.show(icon);
    // The app's shortcuts work at once, as they do without a frame.
    if (isFirst) this.#frame!.element.focus();
    this.#render();
  }

  #onBroken(): void {
    if (!this.#content) return this.#removeFrame();
    this.#isBroken = true;
    this.#render();
  }

  /** The user has gone back, or has changed the address. */
  #onAddress(): void {
    const url = new URL(location.href);
    if (!this.#content || url.href === this.#url.href) return;
    if (this.#isStartPage(url)) this.#openStart();
    else this.#openApp(url);
  }

  /** Has the element take the link, as if the user had opened it. */
  #useLink(fragment: string): void {
    this.#leavePairing();
    // Leaves nothing in the history.
    location.replace(fragment);
  }

  #leavePairing(): void {
    this.#pairing.close();
    this.#wantsPairing = false;
    this.#render();
  }

  readonly #act = (action: ScreenAction): void => {
    if (action === "again") return this.#openApp(this.#url);
    if (action === "retry") return this.#tunnel.retry();
    if (action === "forget") return void this.#tunnel.forget();
    this.#wantsPairing = true;
    this.#render();
  };

  #render(): void {
    const { state, reason, error, workerError, hostKey, keySite } = this.#tunnel;
    const screen = screenFor({
      state,
      reason,
      code: error?.code,
      workerError: workerError?.message,
      isOpen: this.#content !== undefined,
      isBroken: this.#isBroken,
      wantsPairing: this.#wantsPairing,
      isPinned: hostKey !== null || keySite !== null,
    });
    const isContent = screen.show === "content";
    if (screen.show !== "pairing") this.#pairing.close();
    this.#main.classList.toggle("covered", !isContent);
    this.#panel.hidden = isContent && this.#content !== "start";
    this.#panel.className = isContent ? "panel wide" : "panel";
    render(this.#renderPanel(screen), this.#panel);
    this.#aside.hidden = !isContent || !this.#content;
    render(this.#renderDock(), this.#aside);
    // What has come in place of the app by the user's wish is what the keyboard is at.
    if (this.#shown !== screen.show && this.#wantsPairing) this.#panel.querySelector("h1")?.focus();
    this.#shown = screen.show;
  }

  #renderPanel(screen: Screen): TemplateResult | typeof nothing {
    if (screen.show === "message") return renderMessage(screen, this.#act);
    if (screen.show === "pairing") {
      return this.#pairing.render(
        screen.problem,
        this.#wantsPairing ? () => this.#leavePairing() : undefined,
      );
    }
    return this.#content === "start" ? this.#start.render() : nothing;
  }

  #renderDock(): TemplateResult {
    const { state, reason, error, device } = this.#tunnel;
    const hasStart = this.#site.service === null && this.#content === "app";
    return this.#dock.render({
      view: { state, reason, error, device },
      isOutdated: this.#isOutdated,
      retry: () => this.#tunnel.retry(),
      reload: () => location.reload(),
      pair: () => this.#act("pair"),
      openStart: hasStart
        ? () => this.#go(startUrl(this.#site, this.#start.isRootTaken))
        : undefined,
    });
  }
}

/** The window's storage; undefined where it keeps nothing. */
function storageOf(window: { localStorage: Storage }): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
