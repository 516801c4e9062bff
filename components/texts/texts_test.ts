import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { errorCodes, LighthouseError } from "../../wire/mod.ts";
import { SHELL_TEXTS } from "../shell/texts.ts";
import { ENGLISH } from "./english.ts";
import { GERMAN } from "./german.ts";
import { fill, nameOf, nameOfError, type TextName, textsIn, valuesOf } from "./texts.ts";

const test = suite("texts");

const tables = [
  ["element", ENGLISH, GERMAN],
  ["shell", SHELL_TEXTS.en, SHELL_TEXTS.de],
] as const;

/** German texts that read the same in English, and those for developers. */
const SAME = new Set(["pill", "bad-config"]);

for (const [name, english, german] of tables) {
  test(`the ${name} says each text in both languages, with the same values and code`, () => {
    assert.equal(Object.keys(german).sort(), Object.keys(english).sort());
    const marks = (text: string) => [...text.matchAll(/\{\w+\}|`[^`]*`/g)].map(String).sort();
    for (const [key, text] of Object.entries(english)) {
      const other = german[key as keyof typeof german] as string;
      assert.ok(text !== "" && other !== "", key);
      // The English message of an error is for developers.
      if (text === "{message}") continue;
      assert.equal(marks(other), marks(text), key);
      if (!SAME.has(key)) assert.is.not(other, text, key);
    }
  });
}

test("each sentence has one name, so that a reason finds it in another language", () => {
  const seen = new Map<string, string>();
  for (const [name, text] of Object.entries(ENGLISH)) {
    // The two states of an attempt have one name for people.
    if (name === "connecting" || text === "{message}") continue;
    assert.not.ok(seen.has(text), `${name} reads as ${seen.get(text)}`);
    seen.set(text, name);
    if (name !== "signalling") assert.is(nameOf(text), name);
  }
  assert.is(nameOf("A stranger's words"), undefined);
});

test("each error has a text: its sentence's, its code's, or the general one", () => {
  for (const code of errorCodes) {
    const error = new LighthouseError(code, "A stranger's words");
    const name = nameOfError(error);
    assert.ok(name === code || name === "failure", code);
    assert.not.match(fill(GERMAN[name], valuesOf(error)), /\{(?!origin)|stranger/, code);
  }
  assert.is(nameOfError(new LighthouseError("unsupported", ENGLISH.insecure)), "insecure");
});

test("the page's own texts come first, and the language's fill the gaps", () => {
  const texts = textsIn("de", { retry: "Nochmal" });
  assert.equal([texts.retry, texts.connected], ["Nochmal", "Verbunden"]);
  assert.is(textsIn("en").connected, "Connected");
});

test("values are filled in as they are, and a name without a value stays", () => {
  assert.is(fill("{device} at {origin}", { device: "$& {origin}" }), "$& {origin} at {origin}");
  const names: TextName[] = ["as"];
  assert.is(fill(ENGLISH[names[0]!], { device: "Laptop" }), "as Laptop");
});

test.run();
