import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { PageReports } from "./page_reports.ts";

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

test("what a connected page sees later takes the place of what it offered with", () => {
  let time = 1;
  const reports = new PageReports(() => time++);
  assert.is(reports.update(PHONE, { stun: "silent" }), undefined);
  reports.note(PHONE, {});
  reports.tell("a", "relayed");
  reports.update(PHONE, { stun: "silent" });
  assert.equal(reports.all, [
    { id: "a", name: "phone", time: 2, page: { stun: "silent" }, outcome: "relayed" },
  ]);
});

test("64 devices at most are kept", () => {
  const reports = new PageReports();
  for (let at = 0; at < 100; at++) reports.note({ id: String(at), name: "phone" });
  assert.is(reports.all.length, 64);
  assert.is(reports.all[0]!.id, "99");
});

test("an outcome is news once, and a direct attempt that fails behind another way leaves it", () => {
  const reports = new PageReports();
  assert.is(reports.tell("a", "none"), undefined);
  reports.note(PHONE, { way: "direct" });
  assert.is(reports.tell("a", "relayed")!.id, "a");
  assert.is(reports.tell("a", "relayed"), undefined);
  assert.equal([reports.all[0]!.outcome, reports.all[0]!.hasDirectFailed], ["relayed", undefined]);
  const { outcome, hasDirectFailed } = reports.tell("a", "none")!;
  assert.equal([outcome, hasDirectFailed], ["relayed", true]);
  assert.is(reports.tell("a", "direct")!.outcome, "direct");
  reports.note(PHONE);
  assert.is(reports.tell("a", "none")!.outcome, "none");
  reports.note({ id: "x" });
  assert.is(reports.tell("x", "turn")!.id, "strangers");
});

test.run();
