// Which language a page's part is in.

/** A language that has texts. */
export type Language = "en" | "de";

/** A part of a page, as far as its language is concerned. */
export interface LanguageNode {
  getAttribute?: (name: "lang") => string | null;
  parentNode: LanguageNode | null;
  /** Of a shadow root: the element around it. */
  host?: LanguageNode;
}

/** The language by the nearest `lang` attribute; English where there is none, or one without texts. */
export function languageOf(node: LanguageNode): Language {
  for (let at: LanguageNode | null | undefined = node; at; at = at.parentNode ?? at.host) {
    const lang = at.getAttribute?.("lang");
    if (lang != null) return parseLanguage(lang);
  }
  return "en";
}

/** The first language of a browser's user that has texts, such as by `navigator.languages`. */
export function preferredLanguage(languages: readonly string[]): Language {
  const isKnown = (tag: string) => /^(?:de|en)\b/i.test(tag);
  return parseLanguage(languages.find(isKnown) ?? "");
}

/** The language of a tag such as `de-AT` (BCP 47). */
function parseLanguage(tag: string): Language {
  return /^de\b/i.test(tag) ? "de" : "en";
}

/** Calls back when a `lang` attribute has changed somewhere around an element, until the signal. */
export function watchLanguage(element: Element, onChange: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(onChange);
  let root = element.getRootNode();
  const watch = () =>
    observer.observe(root, { attributes: true, attributeFilter: ["lang"], subtree: true });
  watch();
  while (root instanceof ShadowRoot) {
    root = root.host.getRootNode();
    watch();
  }
  signal.addEventListener("abort", () => observer.disconnect());
}
