import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { PROGRAM, start } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";

const test = suite("output", { deadline: 30_000 });

const state = join(temporaryFolder(), "state");
const RUN = "run --relay ws://127.0.0.1:9/prod --backend 3000 --stun none";

/** Linux has a device that is always full. */
const testFull = existsSync("/dev/full") ? test : test.skip;

/** Runs a script of bash in which `lh` is the program. */
function inBash(script: string) {
  const lh = PROGRAM.map((word) => `'${word}'`).join(" ");
  const { stdout, stderr, status } = spawnSync("bash", ["-c", `lh() { ${lh} "$@"; }\n${script}`], {
    encoding: "utf8",
    timeout: 20_000,
    env: { PATH: process.env.PATH, HOME: "/nonexistent", LIGHTHOUSE_STATE: state },
  });
  return { stdout, stderr, status };
}

for (const args of ["help", "help run", "completion bash", "devices", "key", "status", RUN]) {
  test(`${args.split(" ")[0]} ends quietly when its reader has gone`, () => {
    for (const reader of ["true", "head -1 > /dev/null"]) {
      const { stderr, stdout, status } = inBash(`lh ${args} | ${reader}; echo \${PIPESTATUS[0]}`);
      assert.is(stderr, "");
      assert.match(stdout, args === "status" ? /^[01]\n$/ : /^0\n$/);
      assert.is(status, 0);
    }
  });
}

test("logs end quietly when their reader has gone, also at the next new line", async () => {
  // With a line for each attempt.
  const host = start([...RUN.split(" "), "--log-level", "debug"], { LIGHTHOUSE_STATE: state });
  await host.until(/again in/);
  for (const args of ["logs", "logs --follow"]) {
    const { stdout, stderr } = inBash(`lh ${args} | head -1; echo \${PIPESTATUS[0]}`);
    assert.is(stderr, "");
    assert.match(stdout, /connecting to.*\n0\n$/);
  }
  await host.end();
});

testFull("a full disk under the output is told once, and fails", () => {
  for (const args of ["help", "devices --json", "completion zsh", "key"]) {
    const { stderr, status } = inBash(`lh ${args} > /dev/full`);
    assert.match(stderr, /^error: Cannot write the output: ENOSPC[^\n]+\n$/);
    assert.is(status, 1);
  }
});

testFull("a host goes on without its log, and ends by its signal", () => {
  const errors = join(temporaryFolder(), "errors");
  const program = PROGRAM.join(" ");
  const { stdout, stderr } = inBash(`
    ${program} ${RUN} > /dev/full 2> ${errors} & pid=$!
    until [ -s ${errors} ] && [ -S $LIGHTHOUSE_STATE/control.sock ]; do sleep 0.1; done
    lh status > /dev/null
    kill -TERM $pid; wait $pid; echo $?; cat ${errors} >&2`);
  assert.match(stderr, /^error: Cannot write the output: ENOSPC[^\n]+\n$/);
  assert.is(stdout, "1\n");
});

test("closed standard streams are no trouble", () => {
  const closed = inBash(
    "lh devices >&-; echo $?; lh nothing 2>&-; echo $?; lh devices <&-; echo $?",
  );
  assert.equal(closed, {
    stdout: "0\n2\nNo device is paired. lighthouse-host pair lets one in\n0\n",
    stderr: "",
    status: 0,
  });
  assert.match(inBash("lh init - <&-").stderr, "the stack's outputs are empty");
});

test.run();
