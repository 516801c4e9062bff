import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { createNotifier } from "./sd_notify.ts";

const test = suite("sd_notify");

/** A `systemd-notify` in its place, which writes down what it is told. The real one: tools/e2e/unit_test.ts. */
async function setUp(before = "") {
  const folder = temporaryFolder();
  const said = join(folder, "said");
  const program = join(folder, "systemd-notify");
  await writeFile(program, `#!/bin/sh\n${before}\necho "$@" >> ${said}\n`);
  await chmod(program, 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  return {
    async until(count: number): Promise<string[]> {
      let lines: string[] = [];
      await until(async () => {
        lines = (await readFile(said, "utf8").catch(() => "")).split("\n").slice(0, -1);
        return lines.length >= count;
      });
      return lines;
    },
    [Symbol.dispose]() {
      process.env.PATH = path;
    },
  };
}

const complain = (error: Error) => assert.unreachable(error.message);

test("what is told arrives, in its order", async () => {
  using at = await setUp();
  using notifier = createNotifier({ NOTIFY_SOCKET: "/run/notify" }, complain);
  notifier.ready();
  notifier.status("online:\nall is well");
  notifier.stopping();
  assert.equal(await at.until(3), ["READY=1", "STATUS=online:\\u000aall is well", "STOPPING=1"]);
});

test("the watchdog hears of the host twice in its time", async () => {
  using at = await setUp();
  using _ = createNotifier({ NOTIFY_SOCKET: "/run/notify", WATCHDOG_USEC: "40000" }, complain);
  const keepAlive = setInterval(() => {}, 1000);
  assert.equal((await at.until(3)).slice(0, 3), ["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
  clearInterval(keepAlive);
});

test("without a service manager nothing is told", async () => {
  using at = await setUp();
  using notifier = createNotifier({ WATCHDOG_USEC: "1000" }, complain);
  notifier.ready();
  using told = createNotifier({ NOTIFY_SOCKET: "@notify" }, complain);
  told.status("x");
  assert.equal(await at.until(1), ["STATUS=x"]);
});

test("a failure that passes is told of, and what follows is sent", async () => {
  using at = await setUp("[ $1 != STATUS=a ] || exit 1");
  const troubles: string[] = [];
  using notifier = createNotifier({ NOTIFY_SOCKET: "@a" }, ({ message }) => troubles.push(message));
  for (const status of ["a", "b", "a", "c"]) notifier.status(status);
  assert.equal(await at.until(2), ["STATUS=b", "STATUS=c"]);
  assert.is(troubles.length, 1);
});

test("a systemd-notify that is missing is told of once", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nonexistent";
  const troubles: string[] = [];
  using notifier = createNotifier({ NOTIFY_SOCKET: "@a" }, ({ message }) => troubles.push(message));
  notifier.ready();
  notifier.status("x");
  await until(() => troubles.length > 0);
  await sleep(50);
  process.env.PATH = path;
  assert.is(troubles.length, 1);
  assert.match(troubles[0]!, "systemd-notify");
});

test.run();
