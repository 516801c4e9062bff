// The host as a service: under a real systemd where one can be booted, as root on a machine that has
// it. Elsewhere there is what install writes and says, and what the host tells a `systemd-notify` of its
// own making (host/platform/sd_notify_test.ts).
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import {
  bootSystemd,
  canBootSystemd,
  pathInside,
  type Systemd,
} from "../../host/testing/systemd.ts";
import { startBridge } from "../local/bridge.ts";
import { PROGRAM, run } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";

const test = suite("unit", { deadline: 120_000 });

const UNIT = "lighthouse-host.service";

async function temporaryHome(settings?: object) {
  const path = join(temporaryFolder(), "lighthouse unit");
  const folder = join(path, ".config", "lighthouse");
  await mkdir(folder, { recursive: true });
  if (settings) await writeFile(join(folder, "config.json"), JSON.stringify(settings));
  return path;
}

const SETTINGS = { relay: "wss://relay.example/prod", backend: "http://127.0.0.1:5000" };

if (process.platform === "linux") {
  test("install --print shows a unit that writes nowhere but to the state folder", async () => {
    const home = await temporaryHome(SETTINGS);
    const environment = { HOME: home, LIGHTHOUSE_STATE: "" };
    const { code, output, errors } = await run(["install", "--print"], environment);
    assert.equal([code, errors], [0, ""]);
    const state = join(home, ".local", "state", "lighthouse");
    assert.match(output, `ExecStart=${PROGRAM.join(" ")} run --state "${state}"\n`);
    assert.match(output, "ProtectSystem=strict\n");
    assert.match(output, `ReadWritePaths="${state}"\n`);
  });

  test("a service gets the terminal's AWS profile, unless the relay registers its host", async () => {
    for (const registry of ["lambda-env", "relay"]) {
      const environment = {
        LIGHTHOUSE_STATE: "",
        AWS_PROFILE: "admin",
        AWS_REGION: "eu-central-1",
      };
      const HOME = await temporaryHome({ ...SETTINGS, registry });
      const { code, output } = await run(["install", "--print"], { ...environment, HOME });
      assert.is(code, 0);
      assert.is(/AWS_PROFILE=admin/.test(output), registry === "lambda-env");
      assert.is(/AWS_/.test(output), registry === "lambda-env");
    }
  });

  test("install without settings says what is missing, and installs nothing", async () => {
    const home = await temporaryHome();
    const { code, errors } = await run(["install"], { HOME: home, LIGHTHOUSE_STATE: "" });
    assert.is(code, 2);
    assert.match(errors, "--relay is missing: run lighthouse-host setup or init");
  });

  test("without systemd, install says why it does not start, and uninstall leaves nothing", async () => {
    const home = await temporaryHome(SETTINGS);
    const environment = { HOME: home, LIGHTHOUSE_STATE: "", PATH: "/nonexistent" };
    const { code, output } = await run(["install"], environment);
    assert.is(code, 1);
    assert.match(output, "the system service does not start: systemctl --user daemon-reload: ");
    assert.match(output, "ENOENT");
    const removed = await run(["uninstall"], environment);
    assert.is(removed.code, 1);
    assert.match(removed.output, "the system service could not be stopped");
    assert.match(removed.output, "removed the system service. Kept: ");
    const path = join(home, ".config", "systemd", "user", UNIT);
    assert.is(await stat(path).then(() => true, () => false), false);
  });

  test("uninstall where there is nothing says so", async () => {
    const home = await temporaryHome(SETTINGS);
    const { code, output } = await run(["uninstall"], { HOME: home });
    assert.is(code, 0);
    assert.match(output, "no system service is installed");
  });
}

/** Resolves when a property of the unit is as asked. */
async function until(systemd: Systemd, scope: string[], name: string, pattern: RegExp) {
  for (;;) {
    const shown = await systemd.run("systemctl", ...scope, "show", "--property", name, UNIT);
    const value = shown.output.trim().slice(name.length + 1);
    if (pattern.test(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const testBooted = canBootSystemd() ? test : test.skip;
for (const flags of [[], ["--system"]]) {
  testBooted(
    `a real systemd runs it, watches it and forgets it: install ${flags.join(" ")}`,
    async () => {
      await using bridge = await startBridge({ propagation: 200 });
      await using systemd = await bootSystemd();
      const scope = flags.length > 0 ? [] : ["--user"];
      const command = PROGRAM.map(pathInside);
      const host = (...args: string[]) => systemd.run(...command, ...args, ...flags);
      const settings = {
        relay: bridge.gateway.url,
        backend: bridge.backend.url,
        stun: "none",
        region: "us-east-1",
      };
      await systemd.write("/root/.config/lighthouse/config.json", JSON.stringify(settings));
      const lambda = `services = local\n[services local]\nlambda =\n  endpoint_url = `;
      await systemd.write(
        "/root/.aws/config",
        `[default]\n${lambda}${bridge.controlPlane.endpoint}\n`,
      );
      const keys = "aws_access_key_id = local\naws_secret_access_key = local\n";
      await systemd.write("/root/.aws/credentials", `[default]\n${keys}`);

      const installed = await host("install");
      assert.is(installed.code, 0, installed.output + installed.errors);
      assert.match(installed.output, "the host runs, and starts by itself");
      await until(systemd, scope, "ActiveState", /^active$/);
      await until(systemd, scope, "StatusText", /^online/);
      assert.is(await until(systemd, scope, "MemoryMax", /\d/), `${1536 * 1024 ** 2}`);
      const key = () => systemd.run("cat", "/root/.local/state/lighthouse/host.key");
      const before = await key();
      assert.is(before.code, 0);

      // Killed, it comes back.
      await systemd.run("systemctl", ...scope, "kill", "--signal=KILL", UNIT);
      await until(systemd, scope, "NRestarts", /^1$/);
      await until(systemd, scope, "StatusText", /^online/);

      // Installed again, it runs anew with the same key; and one that hangs is noticed.
      const drop = `/run/systemd/${scope.length > 0 ? "user" : "system"}/${UNIT}.d/test.conf`;
      await systemd.write(drop, "[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n");
      assert.is((await host("install")).code, 0);
      await until(systemd, scope, "StatusText", /^online/);
      assert.equal(await key(), before);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      assert.is(await until(systemd, scope, "NRestarts", /\d/), "0", "it lives on, watched");
      const pid = await until(systemd, scope, "MainPID", /^[1-9]/);
      await systemd.run("kill", "-STOP", pid);
      await until(systemd, scope, "NRestarts", /^1$/);

      const uninstalled = await host("uninstall");
      assert.is(uninstalled.code, 0, uninstalled.output + uninstalled.errors);
      const state = await systemd.run("systemctl", ...scope, "is-active", UNIT);
      assert.is(state.output.trim(), "inactive");
      const places = ["/root/.config", "/root/.local", "/etc/systemd"];
      const found = await systemd.run("find", ...places, "-name", "*lighthouse-host*");
      assert.is(found.output, "");
      assert.equal(await key(), before);
    },
  );
}

test.run();
