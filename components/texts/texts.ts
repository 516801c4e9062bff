// Finds the words for what is to be said, in the page's language.
import type { LighthouseError } from "../../wire/mod.ts";
import { ENGLISH, type TextName, type Texts } from "./english.ts";
import { GERMAN } from "./german.ts";
import type { Language } from "./language.ts";

export type { TextName, Texts };

/** What stands for the names in braces. */
type Values = Record<string, string | undefined>;

const NAMES = new Map(Object.entries(ENGLISH).map(([name, text]) => [text, name as TextName]));

/** The texts in a language. @param own The page's own, in place of some or all. */
export function textsIn(language: Language, own?: Partial<Texts> | null): Texts {
  return { ...(language === "de" ? GERMAN : ENGLISH), ...own };
}

/** The name of the text that is this English sentence. @returns Undefined for any other sentence. */
export function nameOf(sentence: string): TextName | undefined {
  return NAMES.get(sentence);
}

/** The name of the text about an error: its sentence's, or its code's. */
export function nameOfError({ code, message }: LighthouseError): TextName {
  return nameOf(message) ?? (code in ENGLISH ? code as TextName : "failure");
}

/** A message as a whole sentence. */
export function asSentence(text: string): string {
  return text.replace(/[^.!?…]$/, "$&.");
}

/** The values for the names in braces. */
export function valuesOf(error?: LighthouseError, device?: { name: string }): Values {
  return {
    code: error?.code,
    message: error?.message,
    origin: globalThis.origin,
    device: device?.name,
  };
}

/** Puts values in the places of the names in braces. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
