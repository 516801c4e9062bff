// Cuts the connection during transfers of all kinds, at random moments, by either side or by the network,
// with and without a notice. Checks that everything arrives, and measures how long it stalls.
import { startBridge } from "../local/bridge.ts";
import { seededRandom } from "../testing/random.ts";
import { ChainHash } from "./chain_hash.ts";
import { type Counts, startCutBackend } from "./cuts/backend.ts";
import { placedParts } from "./cuts/placed.ts";
import { Wire } from "./cuts/wire.ts";
import { type Link, loopback } from "./link.ts";
import type { Outcome, PageCut, ResumePage } from "./page/resume.ts";
import { openTunnelPage } from "./tunnel.ts";

/** Sizes of the transfers, and number of cuts. */
export interface ResumePlan {
  /** Bytes down and up. */
  download: number;
  upload: number;
  cuts: number;
  /** Connects to measure the floor by. */
  connects: number;
  /** Seed of the moments and their order: a whole number. */
  seed: number;
}

/** Ways to cut a connection. Page and host each notice some of them. */
const KINDS = [
  "the page closes its channel",
  "the page closes its connection",
  "the host closes its connection",
  "all packets are lost",
  "the host's packets are lost",
] as const;

/** A way to cut a connection. */
export type CutKind = (typeof KINDS)[number];

/** Results of a run. Times are in milliseconds. */
export interface Resumed extends ResumePlan {
  /** Connects without a cut, from the start to the first answer. */
  floor: number[];
  /** Each cut, with the longest time without a byte of the download. */
  gaps: { kind: CutKind; gap: number }[];
  outcome: Outcome;
  /** The correct hashes of both transfers. */
  expected: { downloaded: string; uploaded: string };
  /** The backend's counts. */
  counts: Counts;
}

const PRELOAD = new URL("./cuts/cuttable_host.ts", import.meta.url).href;

/** The interface of the page's script. */
declare const resume: ResumePage;

/** Runs the plan. Needs the built bundles. */
export async function runResume(plan: ResumePlan, link: Link = loopback): Promise<Resumed> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await startCutBackend());
  const bridge = stack.use(await startBridge({ propagation: 100, backend: backend.url }));
  const service = `/numbers=${backend.url}`;
  const host = bridge.startHost(["--service", service], { NODE_OPTIONS: `--import ${PRELOAD}` });
  await host.until("online");

  const wires = new Set<Wire>();
  stack.defer(() => wires.forEach((wire) => wire.close()));
  const { tab } = stack.use(
    await openTunnelPage(bridge, {
      script: "resume.ts",
      link,
      lends: {
        async wireTo(address: string, port: number): Promise<number> {
          const wire = await Wire.to({ address, port });
          wires.add(wire);
          return wire.port;
        },
      },
    }),
  );

  /** Cuts all connections. @returns The time, by the page's clock. */
  async function cut(kind: CutKind): Promise<number> {
    const own = kind.startsWith("the page ")
      ? kind.slice("the page ".length) as PageCut
      : undefined;
    const at = await tab.evaluate((own) => resume.cut(own), own);
    if (kind === "the host closes its connection") host.signal("SIGUSR2");
    if (kind === "all packets are lost") wires.forEach((wire) => wire.cut("all"));
    if (kind === "the host's packets are lost") wires.forEach((wire) => wire.cut("host's"));
    return at;
  }

  const floor: number[] = [];
  while (floor.length < plan.connects) floor.push(await tab.evaluate(() => resume.connect()));

  await tab.evaluate((sizes) => resume.begin(sizes), plan);
  const gaps: Resumed["gaps"] = [];
  for (const { kind, after } of cutsOf(plan)) {
    await tab.evaluate((after) => resume.reach(after), after);
    const at = await cut(kind);
    const gap = await tab.evaluate((at) => resume.gapSince(at), at);
    gaps.push({ kind, gap });
  }
  const outcome = await tab.evaluate(() => resume.outcome);
  const expected = {
    downloaded: await hashOf(plan.download),
    uploaded: await hashOf(plan.upload),
  };
  return { ...plan, floor, gaps, outcome, expected, counts: backend.counts };
}

/**
 * Returns cuts of all kinds equally often, in random order, each after a number of bytes of the download.
 */
function cutsOf({ cuts, download, seed }: ResumePlan): { kind: CutKind; after: number }[] {
  const random = seededRandom(seed);
  const kinds = Array.from({ length: cuts }, (_, index) => ({
    kind: KINDS[index % KINDS.length]!,
    place: random(),
  }));
  const order = kinds.sort((a, b) => a.place - b.place).map(({ kind }) => kind);
  // The rest of the download must outlast the last cut.
  const moments = order.map(() => Math.floor(random() * download * 0.95)).sort((a, b) => a - b);
  return order.map((kind, index) => ({ kind, after: moments[index]! }));
}

async function hashOf(bytes: number): Promise<string> {
  const hash = new ChainHash();
  for (const part of placedParts(bytes)) await hash.add(part);
  return await hash.end();
}
