// What the worker's own pages say, in English and German, as HTML.
import type { Language } from "../texts/language.ts";

/** The texts of the worker's pages, by their names. What stands in braces is HTML, too. */
export type PageTexts = Record<keyof typeof ENGLISH, string>;

const ENGLISH = {
  "unavailable": "Your laptop cannot be reached",
  "still-trying": "It is tried again all the time.",
  "no-tab": "There is no connection to it at the moment.",
  "no-tab-why":
    "What is shown here comes from your laptop, through a connection that another tab holds. At the moment none does.",
  "no-tab-how": "Open a page of {site} that connects to it in another tab, and leave that open.",
  "this-site": "this site",
  "goes-on": "This page then goes on by itself.",
  "send-again": "Then send the form once more.",
  "failed": "There is no answer",
  "failed-why": "{message}",
  "failed-care":
    "Your laptop may have acted on the request all the same: look before you send it again.",
  "forbidden": "This form was not sent",
  "forbidden-why":
    "It came from another site, or from a page that does not say where it is from: a Referrer-Policy of <code>no-referrer</code> does that.",
  "unplaced": "This address leads out of the app",
  "unplaced-why":
    "The page before does not tell which of your laptop's services it is from, so nothing was sent.",
  "sign-in": "Sign in",
  "sign-in-for": "Your laptop asks for a user name and a password for {realm}.",
  "sign-in-how": "Your laptop asks for a user name and a password.",
  "refused": "Wrong user name or password.",
  "user": "User name",
  "password": "Password",
};

const GERMAN: PageTexts = {
  "unavailable": "Dein Laptop ist nicht erreichbar",
  "still-trying": "Es wird immer wieder versucht.",
  "no-tab": "Im Augenblick gibt es keine Verbindung zu ihm.",
  "no-tab-why":
    "Was hier zu sehen ist, kommt von deinem Laptop, über eine Verbindung, die ein anderer Tab hält. Im Augenblick gibt es keinen solchen.",
  "no-tab-how":
    "Öffne in einem anderen Tab eine Seite von {site}, die sich mit ihm verbindet, und lass sie offen.",
  "this-site": "dieser Website",
  "goes-on": "Danach geht es hier von selbst weiter.",
  "send-again": "Sende danach das Formular noch einmal.",
  "failed": "Es kam keine Antwort",
  "failed-why": "Die Anfrage ist gescheitert ({code}).",
  "failed-care":
    "Vielleicht hat dein Laptop die Anfrage trotzdem ausgeführt: Sieh nach, bevor du sie noch einmal sendest.",
  "forbidden": "Dieses Formular wurde nicht gesendet",
  "forbidden-why":
    "Es kam von einer anderen Website, oder von einer Seite, die nicht sagt, woher sie ist: Das tut eine Referrer-Policy wie <code>no-referrer</code>.",
  "unplaced": "Diese Adresse führt aus der App hinaus",
  "unplaced-why":
    "Die Seite davor sagt nicht, zu welchem Dienst deines Laptops sie gehört, darum wurde nichts gesendet.",
  "sign-in": "Anmelden",
  "sign-in-for": "Dein Laptop verlangt einen Benutzernamen und ein Passwort für {realm}.",
  "sign-in-how": "Dein Laptop verlangt einen Benutzernamen und ein Passwort.",
  "refused": "Benutzername oder Passwort ist falsch.",
  "user": "Benutzername",
  "password": "Passwort",
};

/** The texts of the worker's pages in each language. */
export const PAGE_TEXTS: Record<Language, PageTexts> = { en: ENGLISH, de: GERMAN };
