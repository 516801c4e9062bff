import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError, type NetworkReport } from "../../wire/mod.ts";
import { diagnosisOf } from "../connection/diagnosis.ts";
import { ENGLISH } from "./english.ts";
import { NETWORK_TEXTS, pillTextsIn, tellNetwork } from "./network_texts.ts";
import { tell } from "./telling.ts";
import type { ConnectionView } from "../connection/connection_view.ts";

const test = suite("network texts");

const { en, de } = NETWORK_TEXTS;

test("causes and cures are said in both languages, with the same settings, and without a full stop", () => {
  assert.equal(Object.keys(de).sort(), Object.keys(en).sort());
  const settings = (text: string) => [...text.matchAll(/`[^`]*`/g)].map(String);
  for (const [code, text] of Object.entries(en)) {
    const german = de[code as keyof typeof de];
    assert.equal(settings(german), settings(text), code);
    assert.is.not(german, text, code);
    assert.not.match(text + german, /\.$|\. /);
    assert.ok(!(code in ENGLISH) || ENGLISH[code as "no-webrtc"] === text, code);
  }
});

test("the pill has them beside its other texts, and the page's own come first", () => {
  const texts = pillTextsIn("de", { "page-no-udp": "Hier geht kein UDP" });
  assert.equal([texts["page-no-udp"], texts["page-udp"], texts.retry], [
    "Hier geht kein UDP",
    de["page-udp"],
    "Erneut versuchen",
  ]);
});

function telling(parts: Partial<ConnectionView>, page: NetworkReport) {
  const host: NetworkReport = { stun: "answers", relay: "off" };
  const view: ConnectionView = { state: "failed", reason: "", networks: { page, host }, ...parts };
  return tellNetwork(tell(view, false), diagnosisOf(view));
}

const SEEN: NetworkReport = { candidates: ["mdns"], stun: "silent" };
const relayed = { state: "connected", reason: ENGLISH.relayed } as const;
const failedWith = (code: "connection-failed" | "host-offline", sentence: string) => ({
  error: new LighthouseError(code, sentence),
});

test("a connection through the relay names cause and cures in place of the general sentence", () => {
  const { label, sentence, cures } = telling(relayed, { ...SEEN, way: "relayed" });
  assert.equal([label, sentence, cures], ["relayed", "page-no-udp", ["page-udp", "add-turns"]]);
});

test("a connection that failed names them too, and can be tried again", () => {
  const view = failedWith("connection-failed", ENGLISH["relay-off"]);
  const { sentence, cures, actions } = telling(view, { ...SEEN, way: "none" });
  assert.equal([sentence, cures, actions], [
    "page-no-udp",
    ["page-udp", "add-turns", "allow-relay"],
    ["retry"],
  ]);
});

test("before the page has looked, and after other failures, the sentence stays", () => {
  const before = telling(relayed, { way: "relayed" });
  assert.equal([before.sentence, before.cures], ["relayed-why", []]);
  const offline = telling(failedWith("host-offline", "Gone"), { ...SEEN, way: "none" });
  assert.equal([offline.sentence, offline.cures], ["host-offline", []]);
  const older = telling(failedWith("connection-failed", ENGLISH["relay-missing"]), SEEN);
  assert.equal([older.sentence, older.cures], ["relay-missing", []]);
  const direct = telling({ state: "connected", reason: "Connected" }, { ...SEEN, way: "direct" });
  assert.equal([direct.sentence, direct.cures], [undefined, []]);
});

test.run();
