import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { describeVerdict, PageReports } from "./page_reports.ts";

const test = suite("page reports");

const PHONE = { id: "a", name: "phone" };

test("the newest report of each device is kept, and strangers count as one", () => {
  let time = 1;
  const reports = new PageReports(() => time++);
  reports.note(PHONE, { stun: "off" });
  reports.note({ id: "x" }, { stun: "answers" });
  reports.note({ id: "y" });
  reports.note(PHONE, { stun: "silent" });
  assert.equal(reports.all, [
    { id: "a", name: "phone", time: 4, page: { stun: "silent" } },
    { id: "strangers", name: undefined, time: 3, page: {} },
  ]);
  reports.forget("a");
  assert.equal(reports.all.map(({ id }) => id), ["strangers"]);
});

test("64 devices at most are kept", () => {
  const reports = new PageReports();
  for (let at = 0; at < 100; at++) reports.note({ id: String(at), name: "phone" });
  assert.is(reports.all.length, 64);
  assert.is(reports.all[0]!.id, "99");
});

test("the verdict is by both reports, and by the way that came about", () => {
  const reports = new PageReports();
  const host = { stun: "answers", nat: "endpoint-independent", port: "off" } as const;
  reports.tell(PHONE, "none");
  assert.is(reports.verdict(PHONE, host).cause, "untried");
  reports.note(PHONE, { stun: "answers", nat: "endpoint-dependent", way: "direct" });
  assert.is(reports.verdict(PHONE, host).cause, "direct");
  reports.tell(PHONE, "relayed");
  const verdict = reports.verdict(PHONE, host);
  assert.equal(verdict, { cause: "page-symmetric", cures: ["allow-port", "add-turn"] });
  assert.match(describeVerdict(verdict), /^The page's router .*\. Let the host ask its router/);
  assert.not.match(describeVerdict({ cause: "direct", cures: [] }), /\. /);
});

test.run();
