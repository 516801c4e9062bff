// Each race of the supervision is a row: a story of events, and what the host does at its end.
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { startSupervision, stepSupervision, type SupervisionEvent } from "./supervision.ts";

const test = suite("supervision", { deadline: 1_000 });

const EVENTS: Record<string, SupervisionEvent> = {
  opened: { type: "opened" },
  refused: { type: "failed", isAnswered: true, message: "refused" },
  unreachable: { type: "failed", isAnswered: false, message: "no network" },
  paused: { type: "paused" },
  online: { type: "online" },
  lost: { type: "lost" },
  aged: { type: "aged" },
  replaced: { type: "replaced" },
  nudged: { type: "nudged" },
  moved: { type: "moved", isAnotherRelay: false },
  rehomed: { type: "moved", isAnotherRelay: true },
};

/** Plays a story. @returns The effects, in short: `pause 2/30` is the second pause, of up to 30 s. */
function play(story: string): string {
  let [state, effect] = startSupervision();
  const effects = [];
  for (const name of story.split(" ")) {
    [state, effect] = stepSupervision(state, EVENTS[name]!);
    if (effect.do === "pause") effects.push(`pause ${effect.failures}/${effect.longest / 1000}`);
    else if (effect.do === "follow") effects.push(effect.takesOver ? "take over" : "follow");
    else effects.push(effect.do);
  }
  return effects.join(", ");
}

const stories: [what: string, story: string, effects: string][] = [
  ["the first connection takes over", "opened online", "take over, retire"],
  ["an aged connection is followed at once", "opened online aged opened", "open, follow"],
  ["a lost connection is followed after a pause", "opened online lost paused", "pause 1/30, open"],
  ["a lost connection's follower does not take over", "opened online lost paused opened", "follow"],
  ["one lost before it was online leaves that right", "opened lost paused opened", "take over"],
  ["refusals in a row pause longer", "refused paused refused", "pause 1/30, open, pause 2/30"],
  ["without a network pauses stay short", "unreachable", "pause 1/2"],
  ["opening does not end a row of failures", "refused paused opened lost", "pause 2/30"],
  ["being online ends a row of failures", "refused paused opened online lost", "pause 1/30"],
  ["a nudge ends a pause", "refused nudged", "pause 1/30, open"],
  ["a nudge ends a row of failures", "refused paused refused nudged refused", "open, pause 1/30"],
  ["a nudge ends an attempt for another", "nudged opened", "open, take over"],
  ["a nudge checks a registration", "opened nudged", "take over, check"],
  ["a move leaves a connection", "opened online moved opened", "open, follow"],
  ["a move leaves a connection that was not online yet", "opened moved opened", "open, take over"],
  ["a move ends a pause", "refused moved", "open"],
  ["another relay is taken over", "opened online rehomed opened online", "open, take over, retire"],
  ["another relay while pausing is taken over", "opened online lost rehomed opened", "take over"],
  [
    "a move after another relay takes over all the same",
    "opened online rehomed moved opened",
    "take over",
  ],
  ["a connection that was left can be lost", "opened online moved lost", "open, nothing"],
  ["a connection that was left can be online", "opened moved online", "open, nothing"],
  ["a connection that was left can be replaced", "opened moved replaced", "open, nothing"],
  ["a connection that was lost cannot age", "opened lost aged", "pause 1/30, nothing"],
  ["a pause that a nudge ended cannot end", "refused nudged paused", "open, nothing"],
  ["an attempt that ends late changes nothing", "refused opened", "pause 1/30, nothing"],
  ["each time online retires the others", "opened online online", "retire, retire"],
  ["a replaced host stops", "opened online replaced", "stop"],
  [
    "a replaced host stays so",
    "opened replaced nudged moved lost",
    "stop, nothing, nothing, nothing",
  ],
];
for (const [what, story, effects] of stories) {
  test(`${what}: ${story}`, () => {
    const all = play(story);
    assert.ok(`, ${all}`.endsWith(`, ${effects}`), all);
  });
}

test.run();
