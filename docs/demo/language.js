// The pages' language, English or German, and how texts get into them.
import { english } from "./english.js";
import { german } from "./german.js";

/** @typedef {keyof typeof english} TextName */

/** The reader's language, of those that the pages speak. */
export const language = navigator.languages
    .find((tag) => /^(?:de|en)\b/i.test(tag))?.slice(0, 2).toLowerCase() === "de"
  ? "de"
  : "en";

/**
 * A text in the page's language.
 *
 * @param {TextName} name @param {Record<string, string | number>} [values] For the names in braces.
 */
export function text(name, values = {}) {
  const found = (language === "de" ? german : english)[name];
  return found.replace(/\{(\w+)\}/g, (place, key) => String(values[key] ?? place));
}

/**
 * Shows a message; what stands between backticks is code.
 *
 * @param {HTMLElement} element @param {string} message
 */
export function show(element, message) {
  element.replaceChildren(
    ...message.split("`").map((part, index) => {
      if (index % 2 === 0) return part;
      const code = document.createElement("code");
      code.textContent = part;
      return code;
    }),
  );
}

/** Puts the page into the reader's language: the element's pill follows. */
export function translatePage() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    const name = /** @type {TextName} */ (element.getAttribute("data-text"));
    if (language !== "en") element.innerHTML = text(name);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    const name = /** @type {TextName} */ (element.getAttribute("data-label"));
    const attribute = ["alt", "title"].find((each) => element.hasAttribute(each)) ?? "aria-label";
    element.setAttribute(attribute, text(name));
  }
}

/** Numbers in the reader's language. @param {number} value @param {number} digits After the point. */
export function number(value, digits) {
  return value.toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** Failures that a pairing link mends. */
const UNPAIRED = [
  "not-paired",
  "device-revoked",
  "pairing-used",
  "pairing-expired",
  "bad-link",
  "wrong-origin",
];

/** @param {{ error: { code: string } | undefined }} tunnel */
export function isUnpaired({ error }) {
  return error !== undefined && UNPAIRED.includes(error.code);
}

/**
 * Lets the pill scan codes where the browser itself reads none: `code_detector.js` is built beside the
 * element's script.
 */
export async function bringScanner() {
  const page = /** @type {any} */ (globalThis);
  const formats = await page.BarcodeDetector?.getSupportedFormats().catch(() => []) ?? [];
  if (!navigator.mediaDevices || formats.includes("qr_code")) return;
  const file = "./code_detector.js";
  const scanner = await import(file).catch(() => undefined);
  if (scanner) page.BarcodeDetector = scanner.BarcodeDetector;
}
