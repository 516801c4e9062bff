// What `lighthouse-host dev` says when it is ready: where the app is, the link that pairs, and what else
// there is.
import process from "node:process";
import { LighthouseError } from "../../wire/mod.ts";
import { formatInvitation, type Invitation } from "../access/invitation.ts";
import { calledAs } from "../cli/program.ts";
import { formatService } from "../config/service_config.ts";
import type { SeenService } from "../control/look.ts";
import { isPublic } from "../platform/addresses.ts";
import { formatClock } from "../platform/duration.ts";
import { wrap } from "../platform/layout.ts";
import { shellWord } from "../platform/shell_words.ts";
import { line, paint, Painted } from "../platform/terminal.ts";
import { formatAttributes } from "../site/html.ts";
import { isLoopback } from "./addresses.ts";
import type { DevOptions } from "./options.ts";

/** Prints an event: its fields as JSON, or the text for people. */
export type Tell = (event: string, fields: object, text: string | Painted) => void;

/** A host that is ready. */
export interface ReadyDev {
  server: {
    port: number;
    /** Whether a port before it was in use. */
    isSecondChoice: boolean;
    /** On this machine, such as `http://localhost:4600`. */
    origin: string;
    /** In the network. The first is for a phone. */
    lanOrigins: readonly string[];
  };
  /** The host's state folder, for `pair`, `devices` and `revoke`. */
  state: string;
  /** The element's attributes on a page of an origin. */
  attributes: (origin: string) => Record<string, string>;
  /** The inspector's page, a secret. */
  inspector: string;
  /** What is seen of the backends. */
  seen: SeenService[];
  /** Makes a pairing link. @throws {LighthouseError} `host-busy`. */
  invite: (page: URL) => Promise<Invitation>;
}

/** Options of {@linkcode announce}. */
export interface AnnounceOptions extends Pick<DevOptions, "services" | "pages" | "ports"> {
  /** Whether keys are taken. */
  hasKeys: boolean;
  tell: Tell;
}

/** Width of the notes, and what is before each line. */
const WIDTH = 78;
const INDENT = "  ";

/** The pages that get a link: one on this machine, and one for a phone, whose code is to stay in view. */
function pagesToOpen(
  { server: { origin, lanOrigins: [lan] } }: Pick<ReadyDev, "server">,
  { pages: [page = new URL("/", origin)] }: Pick<DevOptions, "pages">,
): URL[] {
  return lan !== undefined && isLoopback(page) ? [page, new URL("/", lan)] : [page];
}

/** Says what is there, and makes the first links. */
export async function announce(dev: ReadyDev, options: AnnounceOptions): Promise<void> {
  const { server, state, attributes, inspector } = dev;
  const { services, pages, hasKeys, tell } = options;
  const [page] = pagesToOpen(dev, options) as [URL];
  const site = new URL("/", server.origin).href;
  const values = attributes(page.origin);
  const rows: [string, string | Painted][] = [
    ...services.map((service): [string, string] => ["app", formatService(service)]),
    ["page", `${site}  (any paired browser on this machine)`],
    ...server.lanOrigins.map((origin): [string, string] => ["", `${origin}/  (in this network)`]),
    ["requests", inspector],
    ["devices", `${program()} devices --state ${shellWord(state)}  (so do pair, revoke, status)`],
    ...hasKeys ? [["keys", "p  another pairing link    q  quit"] as [string, string]] : [],
  ];
  const scope = server.lanOrigins.length > 0
    ? "for this machine and this network"
    : "for this machine only";
  const head = line`
  ${paint("bold", "Lighthouse dev")}  your app through the tunnel, ${scope}
  To reach it from everywhere: ${program()} setup

${new Painted(
    rows.map(([name, text]) => String(line`  ${paint("dim", name.padEnd(9))} ${text}`)).join("\n"),
  )}
`;
  const fields = {
    page: page.href,
    site,
    lan: server.lanOrigins.map((origin) => `${origin}/`),
    relay: values.relay,
    hostKey: values["host-key"],
    element: elementOf(values.relay!),
    state,
    inspector,
  };
  tell("ready", fields, head);
  for (const text of notes(dev, options)) {
    tell("note", { message: text }, line`${INDENT}${wrap(text, WIDTH, INDENT.length)}\n`);
  }
  if (pages.length > 0) tell("snippet", { html: snippetOf(values) }, snippetText(values, pages));
  await tellLinks(dev, options);
}

/** Makes pairing links, and shows them, with a code for a phone. */
export async function tellLinks(
  dev: ReadyDev,
  options: Pick<AnnounceOptions, "pages" | "tell">,
): Promise<void> {
  for (const page of pagesToOpen(dev, options)) await tellLink(dev, page, options.tell);
}

async function tellLink(dev: ReadyDev, page: URL, tell: Tell): Promise<void> {
  try {
    const invitation = await dev.invite(page);
    const { link, pairing: { id, expires } } = invitation;
    const text = isLoopback(page)
      ? line`  ${paint("bold", "Open")}  ${paint(["bold", "underline"], link)}
        The link pairs a browser, once, until ${formatClock(expires)}.\n`
      : formatInvitation(invitation, page, { again: "press p" });
    const fields = { id, page: page.href, link, expires: new Date(expires).toISOString() };
    tell("link", fields, text);
  } catch (error) {
    if (!(error instanceof LighthouseError)) throw error;
    tell("no-link", { message: error.message }, error.message);
  }
}

function notes({ server, seen }: ReadyDev, { services, ports }: AnnounceOptions): string[] {
  const { port, lanOrigins } = server;
  const all: string[] = [];
  if (server.isSecondChoice) {
    all.push(
      `Port ${
        ports[0]
      } is in use, so this is ${port}. Browsers that have paired at another port pair anew.`,
    );
  }
  for (const { service, isUp, trouble, hint, cure } of seen) {
    const why = trouble ?? hint;
    if (why !== undefined) all.push(`${service}: ${why}. To mend it, ${cure}.`);
    else if (isUp === false) all.push(`${service} does not answer yet: start it, and it is there.`);
  }
  for (const service of services) {
    if (!("folder" in service) || service.scripts) continue;
    all.push(
      `${service.folder} has no index.html: open a file's path. Its pages run no scripts; add " scripts" ` +
        "if they are yours.",
    );
  }
  if (lanOrigins.length > 0) {
    all.push(
      "Browsers warn of the certificate, which is made here: go on by “Advanced”. Firefox then shows the " +
        "app. Chrome refuses its service worker until the certificate is installed, and shows a page " +
        "that asks the backend, and says how to install it.",
    );
    const global = lanOrigins.map((origin) => new URL(origin).hostname)
      .filter(isPublic);
    if (global.length > 0) {
      all.push(`${global.join(", ")} is an address of the internet: others may reach the port.`);
    }
  }
  return all;
}

/** The element's file, on the port of the relay. */
function elementOf(relay: string): string {
  return new URL("/lighthouse-tunnel.js", relay.replace(/^ws/, "http")).href;
}

function snippetOf(values: Record<string, string>): string {
  return `<script type="module" src="${elementOf(values.relay!)}"></script>
<lighthouse-tunnel ${formatAttributes(values)}></lighthouse-tunnel>`;
}

function snippetText(values: Record<string, string>, pages: URL[]): Painted {
  const where = pages.map(({ origin }) => origin).join(", ");
  const code = snippetOf(values).split("\n").map((each) => String(line`    ${each}`)).join("\n");
  return line`  In the page at ${where}:

${new Painted(code)}

    const answer = await document.querySelector("lighthouse-tunnel").fetch("/");\n`;
}

/** How to call this program again. */
function program(): string {
  return process.env.npm_command === "exec" ? "npx lighthouse-tunnel" : calledAs();
}
