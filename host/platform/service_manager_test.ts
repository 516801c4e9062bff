import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "plist";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { formatLaunchdPlist, LABEL } from "./launchd.ts";
import { unitOf } from "./service_manager.ts";
import { formatSystemdUnit, UNIT } from "./systemd.ts";
import type { UnitOptions } from "./unit_options.ts";

const test = suite("service_manager", { deadline: 30_000 });

const OPTIONS: UnitOptions = {
  command: [
    "/usr/bin/node",
    "/opt/light house/main.mjs",
    "run",
    "--state",
    '/home/a/100% $HOME "x"',
  ],
  state: '/home/a/100% $HOME "x"',
  environment: { AWS_PROFILE: "my profile", XDG_STATE_HOME: "/home/a/.state" },
  hasNamespaces: true,
};

/** The lines of a unit that begin so. */
const linesOf = (unit: string, key: string) =>
  unit.split("\n").filter((line) => line.startsWith(`${key}=`)).map((line) =>
    line.slice(key.length + 1)
  );

test("a systemd unit has each word as it is, whatever systemd takes a sign for", () => {
  const unit = formatSystemdUnit(OPTIONS);
  assert.equal(linesOf(unit, "ExecStart"), [
    '/usr/bin/node "/opt/light house/main.mjs" run --state "/home/a/100%% $$HOME \\"x\\""',
  ]);
  assert.equal(linesOf(unit, "ReadWritePaths"), ['"/home/a/100%% $HOME \\"x\\""']);
  assert.equal(linesOf(unit, "Environment"), [
    '"AWS_PROFILE=my profile"',
    "XDG_STATE_HOME=/home/a/.state",
  ]);
});

test("a unit of the system's runs as its user, and needs no namespace of users", () => {
  const unit = formatSystemdUnit({ ...OPTIONS, user: "ann" });
  assert.equal(linesOf(unit, "User"), ["ann"]);
  assert.equal(linesOf(unit, "PrivateUsers"), []);
  assert.equal(linesOf(unit, "WantedBy"), ["multi-user.target"]);
  assert.equal(linesOf(formatSystemdUnit(OPTIONS), "PrivateUsers"), ["yes"]);
});

test("a unit sees /tmp where it has something there, and else one of its own", () => {
  assert.equal(linesOf(formatSystemdUnit(OPTIONS), "PrivateTmp"), ["yes"]);
  const command = ["/usr/bin/node", "/tmp/try/main.mjs", "run"];
  for (
    const options of [{ command }, { state: "/var/tmp/state" }, { environment: { A: "/tmp/a" } }]
  ) {
    const unit = formatSystemdUnit({ ...OPTIONS, ...options });
    assert.equal([linesOf(unit, "PrivateTmp"), linesOf(unit, "PrivateDevices")], [[], ["yes"]]);
  }
});

test("without namespaces a unit asks for none", () => {
  const unit = formatSystemdUnit({ ...OPTIONS, hasNamespaces: false });
  for (const key of ["PrivateUsers", "ProtectSystem", "PrivateTmp", "ReadWritePaths"]) {
    assert.equal(linesOf(unit, key), []);
  }
  assert.equal(linesOf(unit, "NoNewPrivileges"), ["yes"]);
});

test("a unit has a limit of memory, with and without namespaces", () => {
  for (const hasNamespaces of [true, false]) {
    const unit = formatSystemdUnit({ ...OPTIONS, hasNamespaces });
    assert.equal(linesOf(unit, "MemoryMax"), ["1536M"]);
  }
});

const verified = analyze("verify", "--man=no");
if (verified) {
  test("systemd-analyze verify knows each line, but for those of a later systemd", () => {
    assert.is(verified.failed, false, verified.output);
    const lines = verified.output.trim().split("\n").filter((line) =>
      !/RestartSteps|RestartMaxDelay/.test(line)
    );
    assert.equal(lines.filter(Boolean), []);
  });
}

/** What systemd-analyze says of a unit; undefined if there is no such program. */
function analyze(...args: string[]): { output: string; failed: boolean } | undefined {
  const path = join(temporaryFolder(), UNIT);
  writeFileSync(path, formatSystemdUnit({ ...OPTIONS, command: ["/bin/true"], state: "/tmp" }));
  const { error, status, stdout, stderr } = spawnSync("systemd-analyze", [...args, path], {
    encoding: "utf8",
  });
  return error ? undefined : { output: stdout + stderr, failed: status !== 0 };
}

const analyzed = analyze("security", "--offline=true", "--threshold=30", "--no-pager");
test(
  analyzed
    ? "systemd-analyze finds an exposure of 3.0 at most"
    : "each line is there that systemd-analyze, which is not here, has found to be well",
  () => {
    if (analyzed) {
      assert.is(analyzed.failed, false, analyzed.output);
      assert.match(analyzed.output, /Overall exposure level .*: [0-2]\.\d/);
    } else {
      const keys = formatSystemdUnit(OPTIONS).split("\n").map((line) => line.split("=")[0]);
      for (const key of ["ProtectSystem", "SystemCallFilter", "CapabilityBoundingSet"]) {
        assert.ok(keys.includes(key), key);
      }
    }
  },
);

test("a property list has each word as it is", () => {
  const command = ["/usr/local/bin/node", "/Applications/A & B <c>/main.mjs", "run"];
  const text = formatLaunchdPlist({ command, environment: { AWS_PROFILE: "a>b" } }, "/tmp/a.log");
  const parsed = parse(text) as unknown as Record<string, unknown>;
  assert.is(parsed.Label, LABEL);
  assert.equal(parsed.ProgramArguments, command);
  assert.equal(parsed.EnvironmentVariables, {
    AWS_PROFILE: "a>b",
    LIGHTHOUSE_LOG_FILE: "/tmp/a.log",
  });
  assert.equal(parsed.KeepAlive, { SuccessfulExit: false });
  assert.is(parsed.RunAtLoad, true);
  assert.is(parsed.Umask, 0o077);
  const { error, status } = spawnSync("plistutil", ["-i", "-"], { input: text });
  assert.ok(error || status === 0, "plistutil reads it, where there is one");
});

test("each platform has its own place, and one that is not known has none", () => {
  const environment = { HOME: "/home/a", XDG_CONFIG_HOME: "/home/a/.cfg" };
  const pathOf = (platform: string, user?: string) =>
    unitOf(platform, { ...OPTIONS, environment, user })?.path;
  assert.is(pathOf("linux"), `/home/a/.cfg/systemd/user/${UNIT}`);
  assert.is(pathOf("linux", "ann"), `/etc/systemd/system/${UNIT}`);
  assert.is(pathOf("darwin"), `/home/a/Library/LaunchAgents/${LABEL}.plist`);
  assert.is(pathOf("darwin", "ann"), undefined);
  assert.is(pathOf("win32"), undefined);
});

test.run();
