// Each target of `npm run fuzz` for two seconds, from another seed each time.
import { suite } from "../testing/suite.ts";
import { runTarget } from "./target.ts";
import { TARGETS } from "./targets/mod.ts";

const test = suite("fuzz", { deadline: 60_000 });

const DURATION_MS = 2_000;

for (const target of TARGETS) {
  test(`${target.name}: ${target.invariant}`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const { failure } = await runTarget(target, { seed, duration: DURATION_MS });
    if (!failure) return;
    const again = `npm run fuzz -- --only ${target.name} --seed ${failure.seed}`;
    throw new Error(`It does not hold (${again}): ${failure.error.message}`, {
      cause: failure.error,
    });
  });
}

test.run();
