// Each target of `npm run fuzz` for a second. The seed is the same each time: a failure here is the change's.
// `npm run fuzz` looks further, from another seed each time.
import { suite } from "../testing/suite.ts";
import { runTarget } from "./target.ts";
import { TARGETS } from "./targets/mod.ts";

const test = suite("fuzz", { deadline: 60_000 });

const DURATION_MS = 1_000;
const SEED = 1;

for (const target of TARGETS) {
  test(`${target.name}: ${target.invariant}`, async () => {
    const { failure } = await runTarget(target, { seed: SEED, duration: DURATION_MS });
    if (!failure) return;
    const again = `npm run fuzz -- --only ${target.name} --seed ${failure.seed}`;
    throw new Error(`It does not hold (${again}): ${failure.error.message}`, {
      cause: failure.error,
    });
  });
}

test.run();
