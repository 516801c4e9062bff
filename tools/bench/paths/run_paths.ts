// `npm run bench -- --path`: compares the tunnel with plain HTTP over long, lossy and narrow paths.
import { tell, untilInterrupted } from "../command.ts";
import { openHttp } from "../http.ts";
import { longLink } from "../long_link.ts";
import { describeMachine } from "../machine.ts";
import type { Plan } from "../plan.ts";
import { formatResults } from "../results.ts";
import { openTunnel } from "../tunnel.ts";
import {
  measurePath,
  openPathContender,
  type PathContender,
  type PathSizes,
} from "./measure_path.ts";
import { writePaths } from "./path_documents.ts";
import { formatPaths } from "./path_report.ts";
import { pathChecksOf } from "./path_targets.ts";
import { pathFiguresOf, type PathResults } from "./results.ts";

const FULL: Omit<PathSizes, "rounds"> = {
  scale: 1,
  roundTrips: { count: 40, time: 4000 },
  beside: { from: 1500, until: 6000 },
  steady: { from: 3000, until: 7500 },
  blackout: { from: 8000, until: 11_000 },
  recovery: 8000,
};

const QUICK: PathSizes = {
  rounds: 1,
  scale: 1 / 16,
  roundTrips: { count: 5, time: 500 },
  beside: { from: 300, until: 1000 },
  steady: { from: 500, until: 1000 },
  blackout: { from: 1200, until: 1500 },
  recovery: 3000,
};

/** The contenders over a path. */
type Name = "tunnel" | "http";

const OPENERS = { tunnel: openTunnel, http: openHttp };

/** Runs the plan, and prints and writes the results. @returns Whether every target is met. */
export async function runPaths(plan: Plan): Promise<boolean> {
  const { quick, json, browser, contenders } = plan;
  const results = await measure(plan);
  console.log(json ? formatResults(results).trimEnd() : formatPaths(results));
  if (quick) return true;
  if (contenders.length === Object.keys(OPENERS).length) await writePaths(results, browser);
  return plan.paths.flatMap((name) => pathChecksOf(name, results.paths[name]!))
    .every(({ isMet }) => isMet);
}

async function measure(
  { paths, browser, contenders, quick, pathRounds }: Plan,
): Promise<PathResults> {
  await using stack = new AsyncDisposableStack();
  const interrupted = untilInterrupted();
  const link = stack.use(await longLink());
  const opened = new Map<Name, PathContender>();
  for (const name of contenders as Name[]) {
    tell(`opening ${name}`);
    const contender = await openPathContender((options) =>
      OPENERS[name](link, { ...options, browserName: browser })
    );
    opened.set(name, stack.use(contender));
  }
  const [anyone] = opened.values();
  const machine = await describeMachine(
    await anyone!.contender.page.browser.version(),
    browser,
  );
  const results: PathResults = { machine, paths: {} };
  const sizes = quick ? QUICK : { ...FULL, rounds: pathRounds };
  for (const name of paths) {
    const date = new Date().toISOString();
    const samples = await Promise.race([
      measurePath(name, opened, {
        link,
        sizes,
        onProgress: (round, what, contender) =>
          tell(`${name}, round ${round}: ${what}, ${contender}`),
      }),
      interrupted,
    ]);
    const figures = [...samples].map(([name, each]) => [name, pathFiguresOf(each)]);
    const { rounds } = sizes;
    results.paths[name] = { date, commit: machine.commit, rounds, ...Object.fromEntries(figures) };
  }
  return results;
}
