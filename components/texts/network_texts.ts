// What is said of a connection that is not direct: the cause and the cures of diagnose() in wire/. Apart
// from the other texts, since the service worker does without them.
import { type Cause, CAUSES, type Cure, CURES } from "../../wire/mod.ts";
import type { TunnelDiagnosis } from "../connection/diagnosis.ts";
import type { Language } from "./language.ts";
import { type TextName as OtherName, textsIn } from "./texts.ts";
import type { Telling } from "./telling.ts";

/** The texts by their codes. */
export const NETWORK_TEXTS: Record<Language, Record<Cause | Cure, string>> = {
  en: { ...CAUSES, ...CURES },
  de: {
    "direct": "Seite und Host erreichen einander direkt",
    "untried": "Soweit bekannt, steht einer direkten Verbindung nichts im Weg",
    "no-webrtc": "Dieser Browser hat kein WebRTC, oder es ist abgeschaltet",
    "hidden-addresses":
      "Eine Einstellung oder Erweiterung dieses Browsers verbirgt WebRTC alle Adressen",
    "local-network": "Der Browser darf keine Geräte im lokalen Netz erreichen",
    "page-no-udp": "Das Netz der Seite lässt kein UDP durch",
    "host-no-udp": "Das Netz des Hosts lässt kein UDP durch",
    "both-no-udp": "Weder das Netz der Seite noch das des Hosts lässt UDP durch",
    "page-no-stun": "Die Seite hat keinen STUN-Server, kennt also ihre äußere Adresse nicht",
    "host-no-stun": "Der Host hat keinen STUN-Server, kennt also seine äußere Adresse nicht",
    "both-no-stun":
      "Seite und Host haben keinen STUN-Server, verbinden sich also nur im selben Netz",
    "page-symmetric":
      "Der Router der Seite gibt jedem Ziel einen anderen Port (ein symmetrisches NAT)",
    "host-symmetric":
      "Der Router des Hosts gibt jedem Ziel einen anderen Port (ein symmetrisches NAT)",
    "both-symmetric":
      "Die Router von Seite und Host geben jedem Ziel einen anderen Port (symmetrische NATs)",
    "no-common-ip": "Ein Ende hat nur IPv6, das andere nur IPv4",
    "unknown":
      "Eine Firewall, oder ein NAT, durch das STUN nicht hilft, lässt keine direkte Verbindung durch",
    "enable-webrtc":
      "Schalte WebRTC in den Einstellungen des Browsers ein, oder nimm einen anderen Browser",
    "allow-addresses":
      "Erlaube WebRTC in den Einstellungen des Browsers, seines VPN oder seiner Erweiterungen",
    "allow-local-network": "Erlaube es in den Einstellungen des Browsers für diese Website",
    "page-udp":
      "Erlaube UDP in der Firewall oder im VPN des Netzes der Seite, oder nimm ein anderes Netz",
    "host-udp": "Erlaube UDP in der Firewall des Netzes, in dem der Host ist",
    "pause-vpn": "Nimm diese Verbindungen vom VPN des Hosts aus, oder schalte es ab",
    "set-stun": "Nenne dort einen STUN-Server (`stun`)",
    "allow-port": "Lass den Host seinen Router um einen Port bitten (`port-mapping`)",
    "router-port":
      "Schalte im Router des Hosts UPnP oder PCP ein, damit der Host einen Port bekommt",
    "public-address":
      "Der Router des Hosts hat keine öffentliche Adresse, darum nützt sein Port nichts: bitte den Anbieter um eine, oder um IPv6",
    "add-turn": "Richte beim Host einen TURN-Server ein (`ice-servers`)",
    "add-turns": "Richte beim Host einen TURN-Server mit TLS auf Port 443 ein (`ice-servers`)",
    "turn-unreachable": "Der TURN-Server antwortet nicht: prüfe seine Adresse und seine Firewall",
    "turn-refused":
      "Der TURN-Server lehnt die Zugangsdaten des Hosts ab: berichtige sie (`ice-servers`)",
    "allow-relay": "Erlaube Verbindungen über das Relay (`relay-budget`)",
    "relay-spent":
      "Was Verbindungen über das Relay heute kosten dürfen, ist verbraucht: erhöhe `relay-budget`, oder warte bis morgen",
  },
};

/** The name of a text of the pill. */
export type TextName = OtherName | Cause | Cure;

/** All texts of the pill, by their names. */
export type Texts = Record<TextName, string>;

/** The pill's texts in a language. @param own The page's own, in place of some or all. */
export function pillTextsIn(language: Language, own?: Partial<Texts> | null): Texts {
  return { ...textsIn(language), ...NETWORK_TEXTS[language], ...own };
}

/** Sentences about a failure between page and host that name no cause. */
const NO_WAY = new Set<Telling["sentence"]>(["connection-failed", "relay-off", "relay-budget"]);

/** What is said with a cause, and the cures. */
export interface NetworkTelling extends Omit<Telling, "sentence"> {
  sentence: Telling["sentence"] | Cause;
  /** The best first. */
  cures: Cure[];
}

/**
 * Puts the cause and the cures in place of the general sentence, where the connection goes through the
 * relay or has failed, and the page knows why.
 */
export function tellNetwork(telling: Telling, diagnosis: TunnelDiagnosis): NetworkTelling {
  const { cause, cures, page } = diagnosis;
  const isAbout = telling.label === "relayed" || NO_WAY.has(telling.sentence);
  // Before the page has looked at its network, or could, it knows only that there is no direct connection.
  const hasLooked = page.candidates !== undefined || page.webrtc !== undefined;
  if (!isAbout || !hasLooked || !(cause in CAUSES)) return { ...telling, cures: [] };
  return { ...telling, sentence: cause as Cause, cures: cures.map(({ code }) => code) };
}
