// <a download>: Chromium asks the site's own server for what such a link names, past the worker.
import type { App, AppWindow } from "./app.ts";

/** Saves what a link names, by the name that the link or the answer gives. */
export async function download(
  window: AppWindow,
  app: App,
  url: string,
  given: string,
): Promise<void> {
  const response = await app.fetch(url);
  if (!response.ok) return console.warn(`Cannot save ${url}: ${response.status}`);
  const { pathname } = new URL(response.url || url);
  const disposition = response.headers.get("content-disposition") ?? "";
  const name = nameIn(disposition) || given || decode(pathname.split("/").at(-1)!);
  const link = window.document.createElement("a");
  const saved = URL.createObjectURL(await response.blob());
  link.href = saved;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(saved), 60_000);
}

/** The name in Content-Disposition (RFC 6266), "" if there is none. */
function nameIn(disposition: string): string {
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1];
  if (extended) return decode(extended);
  const [, quoted, token] =
    /;\s*filename\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s]+))/i.exec(disposition) ?? [];
  return quoted?.replace(/\\(.)/g, "$1") ?? token ?? "";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
