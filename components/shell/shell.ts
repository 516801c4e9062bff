// The page around the app: leads from the tunnel's state and the address to what is shown.
import { html, nothing, render, type TemplateResult } from "lit";
import { codeText } from "../code_text.ts";
import type { LighthouseTunnel } from "../lighthouse_tunnel.ts";
import { type CodeDetector, nativeDetector } from "../pairing/camera.ts";
import { PairingView } from "../pairing/pairing_view.ts";
import { languageOf, watchLanguage } from "../texts/language.ts";
import {
  type NetworkTelling,
  pillTextsIn,
  tellNetwork,
  type TextName,
  type Texts,
} from "../texts/network_texts.ts";
import { tell } from "../texts/telling.ts";
import { asSentence, fill, nameOfError, valuesOf } from "../texts/texts.ts";
import { AddressBar } from "./address_bar.ts";
import { isRoot, isStart, type Site, startUrl } from "./addresses.ts";
import { AppFrame, type ShownPage } from "./app_frame.ts";
import { Dock } from "./dock.ts";
import { renderMessage } from "./message_view.ts";
import { type Screen, type ScreenAction, screenFor } from "./screen.ts";
import { StartPage } from "./start_page.ts";
import { TabIcon } from "./tab_icon.ts";
import { SHELL_TEXTS, type ShellTexts } from "./texts.ts";
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
    this.#pairing = new PairingView({
      onLink: (fragment) => {
        this.#leavePairing();
        tunnel.pair(fragment);
      },
      onChange,
      detector: async () => await nativeDetector() ?? await ownDetector(),
    });
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
    tunnel.addEventListener("diagnosischange", onChange);
    watchLanguage(document.documentElement, onChange, new AbortController().signal);
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

  #leavePairing(): void {
    this.#pairing.close();
    this.#wantsPairing = false;
    this.#render();
  }

  readonly #act = (action: ScreenAction): void => {
    if (action === "again") return this.#openApp(this.#url);
    if (action === "retry") return this.#tunnel.connect();
    if (action === "accept") return void this.#tunnel.forget();
    if (action === "keep") return this.#tunnel.retry();
    this.#wantsPairing = true;
    this.#render();
  };

  #render(): void {
    const { state, error, workerError, hostKey, keySite } = this.#tunnel;
    const words = this.#words();
    const telling = tellNetwork(
      tell(this.#tunnel, hostKey !== null || keySite !== null),
      this.#tunnel.diagnosis,
    );
    const screen = screenFor({
      state,
      reason: sentenceOf(telling, words),
      code: error?.code,
      actions: telling.actions,
      workerError: workerError && words.say(nameOfError(workerError)),
      isOpen: this.#content !== undefined,
      isBroken: this.#isBroken,
      wantsPairing: this.#wantsPairing,
    }, words.shell);
    const isContent = screen.show === "content";
    if (screen.show !== "pairing") this.#pairing.close();
    this.#main.classList.toggle("covered", !isContent);
    this.#panel.hidden = isContent && this.#content !== "start";
    this.#panel.className = isContent ? "panel wide" : "panel";
    render(this.#renderPanel(screen, words), this.#panel);
    this.#aside.hidden = !isContent || !this.#content;
    render(this.#renderDock(telling, words), this.#aside);
    // What has come in place of the app by the user's wish is what the keyboard is at.
    if (this.#shown !== screen.show && this.#wantsPairing) this.#panel.querySelector("h1")?.focus();
    this.#shown = screen.show;
  }

  /** The texts in the page's language. */
  #words(): Words {
    const { error, device, texts: own } = this.#tunnel;
    const language = languageOf(document.documentElement);
    const element = pillTextsIn(language, own);
    const values = valuesOf(error, device);
    return {
      element,
      shell: SHELL_TEXTS[language],
      say: (name) => fill(element[name], values),
    };
  }

  #renderPanel(screen: Screen, { shell, element }: Words): TemplateResult | typeof nothing {
    if (screen.show === "message") {
      const { pair, retry } = element;
      return renderMessage(screen, { ...shell, pair, retry }, this.#act);
    }
    if (screen.show === "pairing") {
      const { problem } = screen;
      return html`
        <h1 tabindex="-1">${shell.pair}</h1>
        ${problem ? html`<p class="problem" role="alert">${codeText(problem)}</p>` : nothing}
        <p>${codeText(shell["pair-how"])}</p>
        ${this.#pairing.render({
          texts: element,
          canScan: true,
          cancel: this.#wantsPairing ? () => this.#leavePairing() : undefined,
        })}
      `;
    }
    return this.#content === "start" ? this.#start.render(shell) : nothing;
  }

  #renderDock(
    telling: NetworkTelling,
    words: Words,
  ): TemplateResult {
    const { label, actions } = telling;
    const { shell, element, say } = words;
    const { state, device } = this.#tunnel;
    const hasStart = this.#site.service === null && this.#content === "app";
    return this.#dock.render({
      state,
      texts: shell,
      label: say(label),
      sentence: sentenceOf(telling, words),
      isRelayed: label === "relayed",
      device: label === "connected" && device ? say("as") : undefined,
      // Pairing is in the menu in any case.
      actions: actions.filter((action) => action !== "pair")
        .map((action) => ({
          text: action === "retry" ? element.retry : shell[action],
          act: () => this.#act(action),
        })),
      isOutdated: this.#isOutdated,
      reload: () => location.reload(),
      pair: () => this.#act("pair"),
      openStart: hasStart
        ? () => this.#go(startUrl(this.#site, this.#start.isRootTaken))
        : undefined,
    });
  }
}

/** The texts of the element and of the shell. `say` fills in what stands in braces. */
interface Words {
  element: Texts;
  shell: ShellTexts;
  say: (name: TextName) => string;
}

/** The sentence with what helps; empty if there is nothing to say. */
function sentenceOf({ sentence, cures }: NetworkTelling, { say }: Words): string {
  if (!sentence) return "";
  if (cures.length === 0) return say(sentence);
  return [sentence, ...cures].map((name) => asSentence(say(name))).join(" ");
}

/** A detector of codes where the browser has none; loaded with the first scan. */
async function ownDetector(): Promise<CodeDetector> {
  const { BarcodeDetector } = await import("./code_detector.ts");
  return new BarcodeDetector({ formats: ["qr_code"] });
}

/** The window's storage; undefined where it keeps nothing. */
function storageOf(window: { localStorage: Storage }): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
