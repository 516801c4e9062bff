// The start page: the services that this device may reach.
import { html, nothing, type TemplateResult } from "lit";
import type { ServiceSummary } from "../../wire/mod.ts";
import { fill } from "../texts/texts.ts";
import type { ShellTexts } from "./texts.ts";

/** What the start page shows, and what its controls do. */
export interface StartModel {
  texts: ShellTexts;
  /** The site's name. */
  name: string;
  /** Undefined while the host is asked for the first time. */
  services: ServiceSummary[] | undefined;
  /** Whether the host's list cannot be had. */
  hasFailed: boolean;
  isRefreshing: boolean;
  /** The URL on the site for a target in the tunnel; undefined if the site does not lead there. */
  urlOf: (target: string) => URL | undefined;
  open: (url: URL) => void;
  refresh: () => void;
}

/** Renders the start page. */
export function renderStart(page: StartModel): TemplateResult {
  const { texts, name, services, hasFailed, isRefreshing, refresh } = page;
  return html`
    <div class="bar">
      <h1 tabindex="-1">${name}</h1>
      <button type="button" class="quiet" ?disabled=${isRefreshing} @click=${refresh}>
        ${texts.refresh}</button>
    </div>
    ${hasFailed ? html`<p class="problem" role="alert">${texts["no-list"]}</p>` : nothing}
    <p role="status" class=${services?.length ? "unseen" : ""}>${sentenceOn(page)}</p>
    <ul class="services">${services?.map((service) => renderService(service, page))}</ul>
  `;
}

function sentenceOn({ texts, services, isRefreshing, hasFailed }: StartModel): string {
  if (isRefreshing) return texts.asking;
  if (!services) return hasFailed ? "" : texts.asking;
  if (services.length === 0) return texts.nothing;
  const up = services.filter((service) => service.up).length;
  return fill(texts["running-of"], { up: String(up), all: String(services.length) });
}

function renderService(
  { prefix, name, icon, up }: ServiceSummary,
  page: StartModel,
): TemplateResult {
  const url = page.urlOf(prefix === "/" ? "/" : `${prefix}/`);
  const picture = icon === null ? undefined : page.urlOf(icon);
  const letter = html`<span class="letter" aria-hidden="true">${
    [...name][0]?.toUpperCase()
  }</span>`;
  const content = html`
    <span class="icon">${letter}${picture && up
      ? html`<img src=${picture} alt="" width="40" height="40" loading="lazy" @error=${hide}>`
      : nothing}</span>
    <span class="name">${name}</span>
    <span class="up ${up ? "is-up" : ""}">${up
      ? page.texts.running
      : page.texts["not-running"]}</span>
  `;
  return html`<li>${
    url
      ? html`<a href=${url} @click=${(event: MouseEvent) => follow(event, () => page.open(url))}>
        ${content}</a>`
      : html`<div>${content}</div>`
  }</li>`;
}

/** A picture that cannot be had leaves the letter behind it. */
function hide(event: Event): void {
  (event.target as HTMLElement).hidden = true;
}

/** Opens a link in this page, unless the user wants it in another tab. */
function follow(event: MouseEvent, open: () => void): void {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
    return;
  }
  event.preventDefault();
  open();
}
