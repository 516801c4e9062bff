// `npm run soak`: pages connect for minutes while the host's connections to the relay are replaced, cut
// and refused.
import process from "node:process";
import { parseArgs } from "node:util";
import { endPeers } from "../../host/peers/peer.ts";
import { commonFlags, parseWhole, runCommand } from "../bench/command.ts";
import { percentile } from "../bench/measure.ts";
import { type Rotation, type RotationPlan, runRotation } from "./rotation.ts";

const USAGE = `Usage: npm run soak -- [flags]

Ten pages a second connect to a host. Its connections to the gateway last 20 s, a registration takes
effect after 5 s, and warm Lambdas serve the old one for 5 s more.

  --seconds N  duration (default: 180)
  --rate N     pages a second (default: 10)
  --faults     also cut the host's connection at random, and fail 30 % of the control plane's calls
  --seed N     seed of the faults (default: random)
  --json       print the result as JSON
  --help       print this

It exits with 0 if all pages connected, 3 if not, 2 for a wrong flag, and 1 if it could not run.`;

const code = await runCommand<RotationPlan & { json: boolean }>({
  usage: USAGE,
  parse(args) {
    const { values } = parseArgs({
      args,
      options: {
        ...commonFlags(),
        seconds: { type: "string", default: "180" },
        rate: { type: "string", default: "10" },
        faults: { type: "boolean", default: false },
      },
    });
    if (values.help) return undefined;
    return {
      duration: parseWhole("--seconds", values.seconds, 0, 86_400) * 1000,
      perSecond: parseWhole("--rate", values.rate, 0, 20),
      lifetime: 20_000,
      propagation: 5_000,
      staleFor: 5_000,
      faults: values.faults,
      seed: parseWhole("--seed", values.seed, 0, 999_999),
      json: values.json,
    };
  },
  async run({ json, ...plan }) {
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
  const { atOnce, later, offline, lost, connections, cuts, failedCalls, times } = result;
  const causes = Object.entries(lost).map(([code, count]) => `${count} by ${code}`).join(", ");
  const [p50, p99] = [50, 99].map((percent) => percentile(times, percent).toFixed(0));
  return [
    `${duration / 1000} s with ${perSecond} pages a second; ${connections} connections of the host`,
    ...faults ? [`${cuts} cuts, ${failedCalls} failed calls (seed ${seed})`] : [],
    `connected at once   ${atOnce}`,
    `after another try   ${later}`,
    `told offline        ${offline}, while it was true`,
    `lost                ${causes || "0"}`,
    `from offer to open  p50 ${p50} ms, p99 ${p99} ms`,
  ].join("\n");
}
