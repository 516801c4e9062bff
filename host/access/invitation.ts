// An invitation for `pair` and the first `run`: creates the pairing, and formats its text.
import process from "node:process";
import { formatClock } from "../platform/duration.ts";
import { line, paint, Painted } from "../platform/terminal.ts";
import type { Admissions } from "./admission.ts";
import type { Identity } from "./host_key.ts";
import { formatLink, formatQrCode, type Screen } from "./pairing_link.ts";
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

/** Lines of a terminal's window below the code: one for the cursor. */
const CURSOR_ROWS = 1;

/** Options of {@linkcode formatInvitation}. */
export interface FormatOptions {
  /** How many lines the command soon prints below the text. @default 0 */
  below?: number;
  /** How to get another link. @default run lighthouse-host pair */
  again?: string;
}

/**
 * The text for people, with a code to scan at a terminal. The code comes last, so that all of it is in
 * view.
 */
export function formatInvitation(
  { pairing, link }: Invitation,
  page: URL | undefined,
  { below = 0, again = "run lighthouse-host pair for another link" }: FormatOptions = {},
): Painted {
  const until = formatClock(pairing.expires);
  const screen = page && screenOf(process.stdout, below + CURSOR_ROWS);
  const code = screen && formatQrCode(link, screen);
  const isShown = typeof code === "string";
  const what = page
    ? `Open this link on the device that is to get in${
      isShown ? ", or scan the code with it" : ""
    }:`
    : line`Put this behind the address of your page, and open it on the device that is to get in.
With --page https://… (or LIGHTHOUSE_PAGE, or init --page) it is a whole link, with a code to scan.`;
  const small = code && !isShown
    ? line`\n
This window is too small for the link's QR code, which needs ${code.columns} columns and ${
      code.rows + below + CURSOR_ROWS
    }
rows. Make it larger, and ${again}.`
    : "";
  const picture = isShown ? new Painted(`\n\n${code}`) : small;
  return line`${what}\n\n  ${paint("bold", link)}\n
It lets one device in, once, until ${until}. Show it to nobody else.${picture}`;
}

/** @param below Lines to leave free. @returns Undefined without a terminal, which shows codes. */
function screenOf(stream: NodeJS.WriteStream, below: number): Screen | undefined {
  if (!stream.isTTY) return undefined;
  const depth = process.env.NO_COLOR || !stream.hasColors() ? 0 : 2 ** stream.getColorDepth();
  // Some terminals do not tell their size.
  return { columns: stream.columns || 80, rows: (stream.rows || 24) - below, colors: depth };
}
