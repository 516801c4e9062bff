// Tests the command line.
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { CONTENDERS } from "./contender.ts";
import { PATHS } from "./paths/paths.ts";
import { parsePlan } from "./plan.ts";

const test = suite("plan");
const MiB = 1024 * 1024;

test("without flags, all contenders move 64 MiB five times over loopback", () => {
  const { sizes, seed: _, ...rest } = parsePlan([])!;
  assert.equal(rest, {
    contenders: [...CONTENDERS],
    rtt: 0,
    paths: [],
    browser: "chromium",
    pathRounds: 3,
    soak: false,
    flood: false,
    resume: false,
    quick: false,
    json: false,
  });
  assert.is(sizes.bytes, 64 * MiB);
  assert.is(sizes.rounds, 5);
});

test("--quick is one small round, and --rtt moves a quarter", () => {
  assert.is(parsePlan(["--quick"])!.sizes.rounds, 1);
  assert.ok(parsePlan(["--quick"])!.sizes.bytes <= 2 * MiB);
  const { rtt, sizes } = parsePlan(["--rtt", "50"])!;
  assert.equal([rtt, sizes.bytes], [50, 16 * MiB]);
});

test("--only keeps the report's order, without duplicates", () => {
  const flags = ["http", "raw", "http"].flatMap((name) => ["--only", name]);
  assert.equal(parsePlan(flags)!.contenders, ["raw", "http"]);
});

test("--path names paths, and leaves the tunnel and plain HTTP", () => {
  const { paths, contenders, browser } = parsePlan([
    "--path",
    "narrow,lan,narrow",
    "--browser",
    "firefox",
  ])!;
  assert.equal(paths, ["lan", "narrow"]);
  assert.equal(contenders, ["tunnel", "http"]);
  assert.is(browser, "firefox");
  assert.equal(parsePlan(["--path", "all"])!.paths, [...PATHS]);
  assert.equal(parsePlan(["--path", "lan", "--only", "http"])!.contenders, ["http"]);
});

test("--seed repeats the cuts of another run; without it, they are random", () => {
  assert.is(parsePlan(["--resume", "--seed", "17"])!.seed, 17);
  const seeds = Array.from({ length: 9 }, () => parsePlan(["--resume"])!.seed);
  assert.ok(new Set(seeds).size > 1);
});

test("--help gives no plan", () => {
  assert.is(parsePlan(["--help", "--quick"]), undefined);
});

test("a wrong flag is refused with the accepted values", () => {
  const refusals: [string[], RegExp][] = [
    [["--rtt", "0"], /--rtt 0: give a whole number from 1 to 1000/],
    [["--rtt", "1001"], /from 1 to 1000/],
    [["--rtt", "5.5"], /from 1 to 1000/],
    [["--rtt", "1e2"], /from 1 to 1000/],
    [["--only", "quic"], /--only quic: give one of raw, tunnel, peerjs, http/],
    [["--path", "far"], /--path far: give one of lan, long50, /],
    [["--path", ""], /--path : give one of/],
    [["--path", "lan", "--only", "raw"], /--only raw: give one of tunnel, http/],
    [["--path", "lan", "--browser", "lynx"], /--browser lynx: give one of chromium, firefox/],
    [["--path", "lan", "--rtt", "50"], /--rtt with --path/],
    [["--path", "lan", "--soak"], /--soak with --path/],
    [["--browser", "firefox"], /--browser: add --path/],
    [["--soak", "--only", "raw"], /--soak without the tunnel/],
    [["--resume", "--only", "raw"], /--resume without the tunnel/],
    [["--resume", "--seed", "a"], /--seed a: give a whole number from 0 to 999999/],
    [["--fast"], /'--fast'/],
    [["fast"], /'fast'/],
  ];
  for (const [flags, message] of refusals) assert.throws(() => parsePlan(flags), message);
});

test.run();
