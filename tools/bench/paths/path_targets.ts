// The targets over a path, and the figures against them.
import type { Check } from "../targets.ts";
import type { PathName } from "./paths.ts";
import type { PathResult } from "./results.ts";

/** Judges the tunnel over one path by plain HTTP over the same. What has no figure misses its target. */
export function pathChecksOf(name: PathName, { tunnel, http }: PathResult): Check[] {
  if (!tunnel || !http) return [];
  const checks: Check[] = [];
  const check = (is: Check["is"], what: string, value: number | undefined, limit: number) => {
    const isMet = value !== undefined && (is === "least" ? value >= limit : value <= limit);
    checks.push({ what: `${name}: ${what}`, value: value ?? NaN, limit, is, unit: "", isMet });
  };
  const { roundTrip, loadedRoundTrip } = tunnel;
  check("least", "steady download ÷ HTTP's", over(tunnel.steadyDownload, http.steadyDownload), 0.8);
  check("least", "steady upload ÷ HTTP's", over(tunnel.steadyUpload, http.steadyUpload), 0.8);
  check("most", "8 MiB over a new connection ÷ HTTP's time", over(tunnel.cold, http.cold), 1.5);
  check(
    "most",
    "small GET beside a download ÷ idle",
    over(loadedRoundTrip?.p50, roundTrip?.p50),
    2,
  );
  check("most", "blackout, seconds to the first byte", over(tunnel.firstByte, 1000), 1);
  check("most", "blackout, seconds to half of the rate", over(tunnel.halfRate, 1000), 2);
  return checks;
}

function over(value: number | null | undefined, base: number | null | undefined) {
  return value == null || !base ? undefined : value / base;
}
