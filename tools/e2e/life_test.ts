// A host's life in half a minute: everything around it fails, and nothing is lost that a page knows of.
// `npm run soak:life` goes on for twenty minutes, and looks at the host's memory besides.
import * as assert from "uvu/assert";
import { runLife } from "../soak/life.ts";
import { suite } from "../testing/suite.ts";

const test = suite("life", { deadline: 180_000 });

test("what pages were told is true, whatever fails around their host", async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  console.log(`seed ${seed}`);
  const life = await runLife({ duration: 25_000, pages: 2, rest: 0, seed });
  assert.equal(life.wrong, []);
  assert.ok(life.visits >= 2 && life.answered > 10, JSON.stringify(life));
  assert.ok(Object.keys(life.faults).length > 0);
});

test.run();
