// Frames in HTML that scripts write: the browser asks for their documents as soon as they are there.
import type { AppWindow } from "./app.ts";
import { FRAME_TAG, HOLD, isToHold } from "./held_frames.ts";
import { call, replaceAccessor, replaceMethod } from "./native.ts";

/** The start of a frame's tag, up to the value of its `src`. */
const SOURCE = /(<i?frame\s(?:[^>]*?\s)?src\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi;

/**
 * Leads such frames, or holds them.
 *
 * @param detour The URL to take in place of another, or null.
 * @returns Does so in any HTML.
 */
export function leadMarkup(
  window: AppWindow,
  detour: (value: string) => string | null,
): (html: unknown) => unknown {
  const { Document, Element, Range, ShadowRoot } = window;
  const led = (html: unknown): unknown => {
    // A document that only takes trusted HTML has its own objects here.
    if (typeof html !== "string" || !/<i?frame\s/i.test(html)) return html;
    const held = html.replace(
      FRAME_TAG,
      (tag) => isToHold(tag) ? tag.slice(0, 7) + HOLD + tag.slice(7) : tag,
    );
    return held.replace(SOURCE, (all, start: string, quoted: string) => {
      const url = detour(quoted.replace(/^["']|["']$/g, "").replaceAll("&amp;", "&"));
      return url === null
        ? all
        : `${start}"${url.replaceAll("&", "&amp;").replaceAll('"', "%22")}"`;
    });
  };
  for (const { prototype } of [Element, ShadowRoot]) {
    for (const name of ["innerHTML", "outerHTML"]) {
      replaceAccessor(prototype, name, {
        set: (native, self, [html]) => call(native, self, [led(html)]),
      });
    }
  }
  for (
    const [prototype, names] of [
      [Element.prototype, ["insertAdjacentHTML"]],
      [Document.prototype, ["write", "writeln"]],
      [Range.prototype, ["createContextualFragment"]],
    ] as const
  ) {
    for (const name of names) {
      replaceMethod(prototype, name, (native, self, args) => call(native, self, args.map(led)));
    }
  }
  return led;
}
