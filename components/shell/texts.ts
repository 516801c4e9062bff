// What the shell says, in English and German. The connection's own texts are the element's.
import type { Language } from "../texts/language.ts";

/** The shell's texts, by their names. Text between backticks is code. */
export type ShellTexts = Record<keyof typeof ENGLISH, string>;

const ENGLISH = {
  // Messages in place of the app.
  "broken": "This page cannot be shown here",
  "broken-why":
    "The app has led to a page that this window cannot show, or that could not be loaded.",
  "again": "Load the app again",
  "no-worker": "This window cannot show the app",
  "no-worker-how": "Open this page in an ordinary window of a current browser.",
  "connecting": "Connecting to your laptop",
  "offline": "Your laptop is offline",
  "offline-how": "This page connects as soon as it is back.",
  "other-link": "This link is from another laptop",
  "other-host": "Another laptop answers",
  "accept": "Use the other laptop",
  "keep": "Stay with the laptop of before",
  "unsupported": "This browser cannot connect",
  "not-set-up": "This site is not set up",
  "failed": "No connection to your laptop",
  "by-itself": "This page tries again by itself.",
  "code": "Code: {code}",

  // Pairing.
  "pair": "Pair this browser",
  "pair-how":
    "On your laptop, run `lighthouse-host pair`. It shows a code to scan, and a link to open in this browser.",
  "pair-again": "Pair this browser again",

  // The start page.
  "refresh": "Refresh",
  "asking": "Asking your laptop …",
  "nothing":
    "Your laptop offers nothing to this browser. Its owner can add a service, or allow it to this device.",
  "running-of": "{up} of {all} running",
  "running": "Running",
  "not-running": "Not running",
  "no-list": "Your laptop did not answer. Refresh the list to ask again.",

  // The pill and its menu.
  "pill": "Lighthouse: {state}",
  "new-version": "New version",
  "new-version-is": "There is a new version of this page.",
  "reload": "Reload",
  "reload-new": "Reload with the new version",
  "services": "All services",
  "move": "Move to the next corner",
};

const GERMAN: ShellTexts = {
  "broken": "Diese Seite lässt sich hier nicht zeigen",
  "broken-why":
    "Die App hat zu einer Seite geführt, die dieses Fenster nicht zeigen kann oder die nicht geladen wurde.",
  "again": "Die App neu laden",
  "no-worker": "Dieses Fenster kann die App nicht zeigen",
  "no-worker-how": "Öffne diese Seite in einem gewöhnlichen Fenster eines aktuellen Browsers.",
  "connecting": "Die Verbindung zu deinem Laptop wird aufgebaut",
  "offline": "Dein Laptop ist nicht erreichbar",
  "offline-how": "Die Seite verbindet sich, sobald er wieder da ist.",
  "other-link": "Dieser Link ist von einem anderen Laptop",
  "other-host": "Ein anderer Laptop antwortet",
  "accept": "Den anderen Laptop verwenden",
  "keep": "Beim bisherigen Laptop bleiben",
  "unsupported": "Dieser Browser kann sich nicht verbinden",
  "not-set-up": "Diese Website ist nicht eingerichtet",
  "failed": "Keine Verbindung zu deinem Laptop",
  "by-itself": "Die Seite versucht es von selbst erneut.",
  "code": "Kennung: {code}",

  "pair": "Diesen Browser koppeln",
  "pair-how":
    "Führe auf deinem Laptop `lighthouse-host pair` aus. Der Befehl zeigt einen Code zum Scannen und einen Link, den du in diesem Browser öffnest.",
  "pair-again": "Diesen Browser neu koppeln",

  "refresh": "Aktualisieren",
  "asking": "Dein Laptop wird gefragt …",
  "nothing":
    "Dein Laptop bietet diesem Browser nichts an. Wer ihn verwaltet, kann einen Dienst einrichten oder für dieses Gerät freigeben.",
  "running-of": "{up} von {all} in Betrieb",
  "running": "In Betrieb",
  "not-running": "Außer Betrieb",
  "no-list": "Dein Laptop hat nicht geantwortet. Aktualisiere die Liste, um ihn erneut zu fragen.",

  "pill": "Lighthouse: {state}",
  "new-version": "Neue Version",
  "new-version-is": "Von dieser Seite gibt es eine neue Version.",
  "reload": "Neu laden",
  "reload-new": "Neue Version laden",
  "services": "Alle Dienste",
  "move": "In die nächste Ecke verschieben",
};

/** The shell's texts in each language. */
export const SHELL_TEXTS: Record<Language, ShellTexts> = { en: ENGLISH, de: GERMAN };
