// The start page: the services that this device may reach.
import { html, nothing, type TemplateResult } from "lit";
import type { ServiceSummary } from "../../wire/mod.ts";

/** What the start page shows, and what its controls do. */
export interface StartModel {
  /** The site's name. */
  name: string;
  /** Undefined while the host is asked for the first time. */
  services: ServiceSummary[] | undefined;
  /** Why the host's list cannot be had. */
  problem?: string;
  isRefreshing: boolean;
  /** The URL on the site for a target in the tunnel; undefined if the site does not lead there. */
  urlOf: (target: string) => URL | undefined;
  open: (url: URL) => void;
  refresh: () => void;
}

/** Renders the start page. */
export function renderStart(page: StartModel): TemplateResult {
  const { name, services, problem, isRefreshing, refresh } = page;
  return html`
    <div class="bar">
      <h1 tabindex="-1">${name}</h1>
      <button type="button" class="quiet" ?disabled=${isRefreshing} @click=${refresh}>Refresh</button>
    </div>
    ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
    <p role="status" class=${services?.length ? "unseen" : ""}>${sentenceOn(
      services,
      isRefreshing,
    )}</p>
    <ul class="services">${services?.map((service) => renderService(service, page))}</ul>
  `;
}

function sentenceOn(services: ServiceSummary[] | undefined, isRefreshing: boolean): string {
  if (!services || isRefreshing) return "Asking your laptop …";
  if (services.length === 0) {
    return "Your laptop offers nothing to this browser. Its owner can add a service, or allow it to this device.";
  }
  const up = services.filter((service) => service.up).length;
  return `${up} of ${services.length} running`;
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
    <span class="up ${up ? "is-up" : ""}">${up ? "Running" : "Not running"}</span>
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
