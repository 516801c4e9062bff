// Elements and attributes of HTML that are newer than the floor.
import { lookUp, type TooNew } from "./compat_data.ts";

/** A page or a piece of one, taken apart. */
export interface Page {
  /** Elements and attributes that are too new. */
  found: TooNew[];
  styles: string[];
  scripts: string[];
}

/** Takes a page apart, as far as regular expressions can. */
export function readPage(html: string): Page {
  const found: (TooNew | undefined)[] = [];
  const contents = (name: string) =>
    [...html.matchAll(new RegExp(`<${name}[^>]*>(.*?)</${name}>`, "gs"))].map(([, text]) => text!);
  for (const [, element, attributes] of html.matchAll(/<([a-z][\w-]*)((?:\s[^<>]*)?)>/g)) {
    const path = `html.elements.${element}`;
    found.push(lookUp(path));
    for (const [, name] of attributes!.matchAll(/\s([a-z][\w-]*)(?=[\s=]|$)/g)) {
      found.push(lookUp(`${path}.${name}`), lookUp(`html.global_attributes.${name}`));
    }
  }
  return {
    found: found.filter((each) => each !== undefined),
    styles: contents("style"),
    scripts: contents("script").filter((text) => text.trim() !== ""),
  };
}
