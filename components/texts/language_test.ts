import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type LanguageNode, languageOf, preferredLanguage } from "./language.ts";

const test = suite("language");

/** An element, in an element or in the shadow root of one. */
const node = (lang: string | null, parentNode: LanguageNode | null = null): LanguageNode => ({
  getAttribute: () => lang,
  parentNode,
});

test("the nearest lang attribute decides, also one around a shadow root", () => {
  const page = node("de");
  assert.is(languageOf(node(null, node(null, page))), "de");
  assert.is(languageOf(node("en", page)), "en");
  const root: LanguageNode = { parentNode: null, host: node("de-AT", node("en")) };
  assert.is(languageOf(node(null, root)), "de");
  // The document has no attributes.
  assert.is(languageOf(node(null, { parentNode: null })), "en");
});

for (
  const [lang, language] of [
    ["de", "de"],
    ["DE", "de"],
    ["de-CH-1996", "de"],
    ["den", "en"],
    ["fr", "en"],
    ["", "en"],
  ]
) {
  test(`"${lang}" is read in ${language}`, () => {
    assert.is(languageOf(node(lang!, node("de"))), language);
  });
}

test("of a reader's languages, the first one with texts counts", () => {
  assert.is(preferredLanguage(["fr-FR", "de", "en"]), "de");
  assert.is(preferredLanguage(["en-US", "de"]), "en");
  assert.is(preferredLanguage(["fr"]), "en");
  assert.is(preferredLanguage([]), "en");
});

test.run();
