// uvu's `suite` with a deadline for each test. See docs/decisions.md, "Tests".
import { suite as uvuSuite, type Test } from "uvu";

/** Options of {@linkcode suite}. */
export interface SuiteOptions {
  /** Limit for one test, in milliseconds. @default 10_000 */
  deadline?: number;
}

/**
 * Makes a uvu suite whose tests fail if they exceed the deadline. Call `.run()` at the end of the file,
 * as with uvu: `tools/test.ts` fails on a file that ran no test.
 *
 * @param name Prefix of each failure.
 */
export function suite(name: string, options: SuiteOptions = {}): Test {
  const { deadline = 10_000 } = options;
  const inner = uvuSuite(name);

  function limited(title: string, test: Parameters<Test>[1]): void {
    inner(title, async (context) => {
      const { promise, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => reject(new Error(`Test did not end within ${deadline} ms`)),
        deadline,
      );
      try {
        await Promise.race([test(context), promise]);
      } finally {
        clearTimeout(timer);
      }
    });
  }

  return Object.assign(limited, {
    only: inner.only,
    skip: inner.skip,
    before: inner.before,
    after: inner.after,
    run: inner.run,
  }) as unknown as Test;
}
