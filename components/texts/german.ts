// What the element says, in German.
import type { Texts } from "./english.ts";

/** The element's texts in German. */
export const GERMAN: Texts = {
  "idle": "Nicht verbunden",
  "signalling": "Verbindung wird aufgebaut",
  "connecting": "Verbindung wird aufgebaut",
  "connected": "Verbunden",
  "relayed": "Über das Relay verbunden, langsam",
  "offline": "Nicht erreichbar",
  "failed": "Keine Verbindung",
  "unpaired": "Nicht gekoppelt",
  "removed": "Nicht mehr gekoppelt",
  "other-host": "Anderer Host",

  "as": "als {device}",
  "looking": "Der Host wird gesucht …",
  "lost": "Die Verbindung ist abgebrochen. Der Host wird gesucht …",
  "answered": "Der Host hat geantwortet …",
  "through": "über einen anderen Tab",
  "relayed-why":
    "Aus diesem Netz kommt keine direkte Verbindung zustande. Die Seite versucht es weiter; schnell geht es in einem anderen Netz oder mit einem TURN-Server beim Host.",

  "retry": "Erneut versuchen",
  "pair": "Diesen Browser koppeln",
  "accept": "Den neuen Host verwenden",
  "keep": "Beim alten Host bleiben",

  "link": "Kopplungslink",
  "use-link": "Koppeln",
  "cancel": "Abbrechen",
  "not-a-link": "Das ist kein Kopplungslink: Darin kommt „#lighthouse=“ vor",
  "scan": "Code scannen",
  "scan-stop": "Kamera ausschalten",
  "scan-view": "Bild der Kamera",
  "scan-starting": "Die Kamera wird eingeschaltet …",
  "scan-hold": "Halte den Code auf deinem Laptop vor die Kamera.",
  "scan-wrong": "Das ist kein Kopplungscode: Scanne den, den `lighthouse-host pair` zeigt.",
  "scan-forbidden":
    "Diese Seite darf die Kamera nicht benutzen. Erlaube es in den Einstellungen des Browsers, oder füge den Link ein.",
  "scan-missing": "Es gibt keine Kamera. Füge den Link ein, oder öffne ihn in diesem Browser.",
  "scan-failed":
    "Die Kamera lässt sich nicht einschalten: Benutzt sie ein anderes Programm? Füge den Link ein, oder versuche es erneut.",

  "failure": "Es kam keine Verbindung zustande ({code})",
  "host-offline":
    "Der Host ist nicht erreichbar. Die Seite verbindet sich, sobald er wieder da ist.",
  "not-paired": "Öffne den Kopplungslink, den `lighthouse-host pair` auf dem Laptop ausgibt",
  "device-revoked":
    "Der Host hat diesen Browser aus seinen Geräten entfernt. Um ihn wieder aufzunehmen, öffne den Kopplungslink, den `lighthouse-host pair` auf dem Laptop ausgibt",
  "pairing-used":
    "Mit diesem Kopplungslink wurde schon ein anderes Gerät gekoppelt, und er gilt nur einmal. Führe auf dem Laptop `lighthouse-host pair` für einen neuen aus",
  "pairing-expired":
    "Dieser Kopplungslink ist abgelaufen. Führe auf dem Laptop `lighthouse-host pair` für einen neuen aus",
  "bad-link":
    "Der Kopplungslink ist unvollständig oder verändert, oder er passt nicht zu dieser Version. Kopiere ihn ganz, oder führe auf dem Laptop `lighthouse-host pair` für einen neuen aus",
  "wrong-origin":
    "Der Host hat diesen Browser nicht für die Website {origin} gekoppelt. Öffne den Kopplungslink, den `lighthouse-host pair` auf dem Laptop ausgibt",
  "clock-skew":
    "Die Uhren dieses Geräts und des Hosts gehen zu weit auseinander. Stelle sie richtig",
  "host-key-changed":
    "Der Host, der antwortet, hat einen anderen Schlüssel als der, dem diese Seite vertraut. Darum wird ihm nichts gesendet. Hast du deinen Host neu eingerichtet, kopple ihn erneut; wenn nicht, gibt sich jemand für ihn aus",
  "host-busy": "Der Host hat so viele Verbindungen, wie er annimmt",
  "relay-budget":
    "In diesem Netz kommt keine direkte Verbindung zustande, und was der Host heute für Verbindungen über das Relay ausgeben darf, ist verbraucht (`relay-budget`)",
  "bad-seal":
    "Das Relay brachte eine Antwort, die nicht vom Host ist. Darum gibt es keine Verbindung. Vielleicht manipuliert jemand das Relay",
  "relay-failed": "Das Relay ist gestört",
  "relay-unreachable": "Das Relay ist nicht erreichbar oder weist Seiten von {origin} ab",
  "no-answer": "Der Host hat nicht rechtzeitig geantwortet",
  "connection-failed":
    "Der Host hat geantwortet, aber es kam keine direkte Verbindung zustande: wegen einer Firewall oder eines NAT, durch das STUN nicht hilft",
  "unsupported":
    "Dieser Browser ist zu alt, oder ihm fehlt etwas, das diese Seite braucht. Nimm einen aktuellen",
  "bad-config":
    "Diese Seite ist nicht richtig eingerichtet. Genaueres steht in der Konsole des Browsers",

  "relay-off":
    "Der Host hat geantwortet, aber es kam keine direkte Verbindung zustande, und über das Relay verbindet er sich nicht: Stelle dort `relay-budget` ein, oder versuche es in einem anderen Netz",
  "relay-missing":
    "Der Host hat geantwortet, aber es kam keine direkte Verbindung zustande. Ein neuerer Host verbindet sich dann über das Relay: Aktualisiere ihn, oder versuche es in einem anderen Netz",
  "no-network": "Dieses Gerät hat kein Netz",
  "csp":
    "Das Relay ist nicht erreichbar: Die Content-Security-Policy dieser Seite (connect-src) nennt es nicht",
  "link-refused":
    "Das Relay ist nicht erreichbar oder weist diesen Kopplungslink ab, weil er abgelaufen ist. Führe auf dem Laptop `lighthouse-host pair` für einen neuen aus",
  "link-of-other-host":
    "Dieser Kopplungslink ist von einem anderen Host als dem, mit dem dieser Browser gekoppelt ist. Mach nur weiter, wenn du deinen Host neu eingerichtet hast",
  "link-of-other-page":
    "Dieser Kopplungslink ist von einem anderen Host als dem, den diese Seite nennt (`host-key`)",
  "no-origin":
    "Diese Seite gehört nicht zu der gekoppelten Website: Sie ist eine Datei oder steht in einem abgeschirmten Frame",
  "insecure":
    "Diese Seite ist nicht sicher, darum gibt ihr der Browser keine Verschlüsselung: Sie muss über https kommen",
  "no-webrtc": "Dieser Browser hat kein WebRTC, oder es ist abgeschaltet",
  "no-crypto": "Dieser Browser hat kein WebCrypto, oder es ist abgeschaltet",
  "too-old":
    "Dieser Browser ist zu alt: Lighthouse braucht Chrome 119, Firefox 124 oder Safari 17.4. Aktualisiere ihn oder nimm einen anderen",
  "no-storage":
    "Dieser Browser speichert nichts für diese Website, darum lässt er sich nicht koppeln: Das Fenster ist privat, oder der Speicher ist abgeschaltet oder voll",
  "no-worker":
    "In diesem Fenster gibt es keine Service Worker: Ist es privat, oder ist die Seite nicht sicher?",
};
