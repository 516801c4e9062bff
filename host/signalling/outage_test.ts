import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { Outage } from "./outage.ts";

const test = suite("outage");

const MINUTE = 60_000;

/** The lines of attempts every 2 s, with the minute of each. */
function linesOf(minutes: number, troubleAt: (now: number) => string): string[] {
  const outage = new Outage(0);
  const lines: string[] = [];
  for (let now = 0; now <= minutes * MINUTE; now += 2_000) {
    const line = outage.failed(troubleAt(now), "again in 2 s", now);
    if (line) lines.push(`${now / MINUTE}: ${line}`);
  }
  return lines;
}

test("the same trouble is told once, and then at times that double", () => {
  assert.equal(linesOf(71, () => "no network"), [
    "0: no network; again in 2 s, and on until it succeeds",
    "10: offline for 10 minutes, after 301 attempts: no network",
    "30: offline for 30 minutes, after 901 attempts: no network",
    "70: offline for 70 minutes, after 2,101 attempts: no network",
  ]);
});

test("each trouble is told when it is new, also if two of them alternate", () => {
  const lines = linesOf(9, (now) => now % 4_000 === 0 ? "no name" : "no route");
  assert.equal(lines.map((line) => line.split(";")[0]), ["0: no name", `${2 / 60}: no route`]);
});

test("a day without a network makes few lines", () => {
  assert.is(linesOf(24 * 60, () => "no network").length, 10);
});

test("texts without end are bounded", () => {
  const lines = linesOf(60, (now) => `trouble ${now}`);
  assert.is(lines.length, 22);
});

test("it tells how long it has lasted", () => {
  assert.is(new Outage(0).lasted(90_000), "90 s");
  assert.is(new Outage(0).lasted(3 * 3_600_000), "3 hours");
});

test.run();
