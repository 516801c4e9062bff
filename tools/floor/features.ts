// Features in all files of a page that are newer than the floor.
import { readPage } from "./page_features.ts";
import { newScriptFeatures, type Use } from "./script_features.ts";
import { newStyleFeatures } from "./style_features.ts";
import { findTexts } from "./texts.ts";

/** What is to be looked through. */
export interface PageFiles {
  /** `.ts`, `.js`, `.css` and `.html`, by path. */
  files: ReadonlyMap<string, string>;
  /** Programs that do not run in pages, and have pages as texts. */
  makers?: ReadonlyMap<string, string>;
}

/** Looks through files, and what they have as texts. Each use of a feature is reported once. */
export function newFeatures({ files, makers = new Map() }: PageFiles): Use[] {
  const scripts = new Map<string, string>();
  /** Where a script that was a text comes from. */
  const origins = new Map<string, string>();
  const uses: Use[] = [];
  const addScript = (file: string, text: string) => {
    const name = `${file}.text${origins.size}.js`;
    scripts.set(name, text);
    origins.set(name, file);
  };
  const addStyle = (file: string, text: string) =>
    uses.push(...newStyleFeatures(text).map((use) => ({ ...use, file })));
  const addPage = (file: string, text: string) => {
    const page = readPage(text);
    uses.push(...page.found.map((found) => ({ ...found, file, line: 1, code: "" })));
    for (const style of page.styles) addStyle(file, style);
    for (const script of page.scripts) addScript(file, script);
  };
  const addTexts = (file: string, text: string) => {
    const texts = findTexts(text);
    for (const script of texts.scripts) addScript(file, script);
    for (const style of texts.styles) addStyle(file, style);
    for (const page of texts.pages) addPage(file, page);
  };
  for (const [file, text] of files) {
    if (file.endsWith(".css")) addStyle(file, text);
    else if (file.endsWith(".html")) addPage(file, text);
    else {
      scripts.set(file, text);
      addTexts(file, text);
    }
  }
  for (const [file, text] of makers) addTexts(file, text);
  for (const { file, ...use } of newScriptFeatures(scripts)) {
    uses.push({ ...use, file: origins.get(file) ?? file });
  }
  return [...new Map(uses.map((use) => [`${use.feature} ${use.file} ${use.code}`, use])).values()];
}
