/**
 * The page around the app: holds the connection, and shows the app in a frame at the same URL.
 *
 * It reads from the document: the element, `lighthouse-scope` (the path of the worker's scope),
 * `lighthouse-service` (the service at the site's root; empty if services keep their own paths), and
 * the title, which is the site's name.
 *
 * @module
 */
import "../define.ts";
import { preferredLanguage } from "../texts/language.ts";
import { Shell } from "./shell.ts";
import { styles } from "./shell_styles.ts";

// A page without a language of its own speaks its reader's.
document.documentElement.lang ||= preferredLanguage(navigator.languages);
// Not push(): a browser that is too old has a list that cannot change, or none.
if (styles.styleSheet) {
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, styles.styleSheet];
}
// What the page says to browsers that do not get this far.
document.getElementById("too-old")?.remove();
new Shell(
  {
    scope: new URL(metaOf("lighthouse-scope"), location.href),
    service: metaOf("lighthouse-service") || null,
  },
  document.querySelector("lighthouse-tunnel")!,
);

function metaOf(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)!.content;
}
