// Writes a recorded request as a command for a terminal on this machine.
import type { HeaderField } from "../../wire/mod.ts";
import { shellWord } from "../platform/shell_words.ts";

/** A request as the backend got it. */
export interface SentRequest {
  method: string;
  url: URL;
  headers: HeaderField[];
  /** Undefined if it has none, or if it was not kept whole. */
  body?: Uint8Array;
  /** The Unix socket on which the backend listens. */
  socketPath?: string;
  /** Whether the host takes any certificate of the backend. */
  insecure?: boolean;
}

/** Headers that curl writes itself. */
const OWN = /^(?:host|connection|content-length|accept-encoding|transfer-encoding)$/i;

/** What a terminal acts on, or does not show: such text must not be pasted. */
const UNSAFE = /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/u;

/**
 * Writes the command for a POSIX shell. Pasting it runs nothing but curl, whatever the request says.
 *
 * @param isSecret Whether a header has a credential; the command leaves it out.
 * @returns The command, and the names of the headers that it leaves out.
 */
export function curlCommand(
  { method, url, headers, body, socketPath, insecure }: SentRequest,
  isSecret: (name: string) => boolean,
): { command: string; without: string[] } {
  const kept = headers.filter(([name]) => !OWN.test(name) && !/^lighthouse-/i.test(name));
  const isLeftOut = ([name, value]: HeaderField) => isSecret(name) || UNSAFE.test(name + value);
  const parts = [["curl", shellWord(url.href)]];
  // curl reads more into a URL than it says.
  if (/[[\]{}]/.test(url.href)) parts.push(["--globoff"]);
  if (method === "HEAD") parts.push(["--head"]);
  else if (method !== (body ? "POST" : "GET")) parts.push(["--request", shellWord(method)]);
  if (socketPath) parts.push(["--unix-socket", shellWord(socketPath)]);
  if (insecure) parts.push(["--insecure"]);
  for (const [name, value] of kept.filter((field) => !isLeftOut(field))) {
    parts.push(["--header", shellWord(value === "" ? `${name};` : `${name}: ${value}`)]);
  }
  if (body && !kept.some(([name]) => /^content-type$/i.test(name))) {
    parts.push(["--header", shellWord("Content-Type:")]);
  }
  const text = body && textOf(body);
  let before = "";
  if (text !== undefined) parts.push(["--data-raw", shellWord(text)]);
  else if (body) {
    before = `printf %s ${shellWord(Buffer.from(body).toString("base64"))} | base64 -d | `;
    parts.push(["--data-binary", "@-"]);
  }
  return {
    command: before + parts.map((part) => part.join(" ")).join(" \\\n  "),
    without: [...new Set(kept.filter(isLeftOut).map(([name]) => name))],
  };
}

/** A body that can be pasted as text. */
function textOf(body: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    return UNSAFE.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
