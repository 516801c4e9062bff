// An invitation for `pair` and the first `run`: creates the pairing, and formats its text.
import process from "node:process";
import { line, paint, Painted } from "../platform/terminal.ts";
import type { Admissions } from "./admission.ts";
import type { Identity } from "./host_key.ts";
import { formatLink, formatQrCode } from "./pairing_link.ts";
import { createPairing, type Pairing } from "./pairings.ts";

/** An open pairing. */
export interface Invitation {
  pairing: Pairing;
  /** The link, a secret: it lets one device in. */
  link: string;
}

/** Options of {@linkcode invite}. */
export interface InviteOptions {
  /** The device's name, and the services that it may reach: see {@linkcode Pairing}. */
  name?: string;
  services?: string[];
  /** Gives the link a value for the relay. @default none */
  admissions?: Pick<Admissions, "valueUntil">;
}

/** Invites a device. @param folder The pairings' folder. */
export async function invite(
  folder: string,
  { publicKey: hostKey }: Pick<Identity, "publicKey">,
  page: URL | undefined,
  { admissions, ...options }: InviteOptions = {},
): Promise<Invitation> {
  const { pairing, secret } = await createPairing(folder, options);
  const admission = await admissions?.valueUntil(pairing.expires);
  return { pairing, link: formatLink(page, { hostKey, secret, admission }) };
}

/** The text for people. */
export function formatInvitation({ pairing, link }: Invitation, page: URL | undefined): Painted {
  const until = new Date(pairing.expires).toTimeString().slice(0, 5);
  const color = process.stdout.hasColors?.() === true && !process.env.NO_COLOR;
  const what = page
    ? "Open this link on the device that is to get in, or scan the code with it:"
    : line`Put this behind the address of your page, and open it on the device that is to get in.
With --page https://… (or LIGHTHOUSE_PAGE, or init --page) it is a whole link, with a code to scan.`;
  const code = page ? new Painted(`\n${formatQrCode(link, color)}\n`) : "";
  return line`${what}\n\n  ${paint("bold", link)}\n${code}
It lets one device in, once, until ${until}. Show it to nobody else.\n`;
}
