// `npm run soak`: pages that connect for minutes while the host's links to the relay follow each other,
// are cut, and cannot be registered.
import process from "node:process";
import { endPeers } from "../../host/peers/peer.ts";
import { percentile } from "../bench/measure.ts";
import { runCommand } from "./command.ts";
import { type Rotation, type RotationPlan, runRotation } from "./rotation.ts";

const USAGE = `Usage: npm run soak -- [flags]

Pages connect all the time, 10 a second, to a host whose connection to the gateway lasts 20 s, where a
registration takes 5 s to take effect and warm Lambdas serve the old one for 5 s more.

  --seconds N  how long (default: 180)
  --rate N     pages a second (default: 10)
  --faults     besides, cut the host's connection at random, and fail 30 % of the control plane's calls
  --seed N     of those faults (default: any)
  --json       print the result as JSON
  --help       print this

It exits with 0 when no connect was lost, 3 when one was, 2 when a flag is wrong, and 1 when it could
not run.`;

const code = await runCommand<RotationPlan>({
  usage: USAGE,
  options: {
    seconds: { type: "string", default: "180" },
    rate: { type: "string", default: "10" },
    faults: { type: "boolean", default: false },
  },
  planOf: ({ whole, has }) => ({
    duration: whole("seconds", 86_400) * 1000,
    perSecond: whole("rate", 20),
    lifetime: 20_000,
    propagation: 5_000,
    staleFor: 5_000,
    faults: has("faults"),
    seed: whole("seed", 999_999),
  }),
  async run(plan, json) {
    const result = await runRotation(plan);
    console.log(
      json ? JSON.stringify({ plan, ...result, times: undefined }) : report(plan, result),
    );
    return Object.keys(result.lost).length === 0;
  },
});
endPeers();
process.exit(code);

function report({ duration, perSecond, seed, faults }: RotationPlan, result: Rotation): string {
  const { atOnce, later, offline, lost, links, cuts, failedCalls, times } = result;
  const causes = Object.entries(lost).map(([code, count]) => `${count} by ${code}`).join(", ");
  const [p50, p99] = [50, 99].map((percent) => percentile(times, percent).toFixed(0));
  return [
    `${duration / 1000} s with ${perSecond} pages a second; ${links} links followed each other`,
    ...faults ? [`${cuts} cuts, ${failedCalls} failed calls (seed ${seed})`] : [],
    `connected at once   ${atOnce}`,
    `after another try   ${later}`,
    `told offline        ${offline}, while the host was`,
    `lost                ${causes || "0"}`,
    `from offer to open  p50 ${p50} ms, p99 ${p99} ms`,
  ].join("\n");
}
