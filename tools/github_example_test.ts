// The workflows of examples/github/: what they may do, and their steps, run with stand-ins for npm and Pulumi.
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { ENVIRONMENT } from "../stack/github_policy.ts";
import { readYaml } from "../stack/testing/yaml.ts";
import manifest from "../package.json" with { type: "json" };
import { suite } from "./testing/suite.ts";
import { temporaryFolder } from "./testing/temporary_folder.ts";

const test = suite("GitHub example");

const FOLDER = "examples/github/.github/workflows";

interface Step {
  uses?: string;
  run?: string;
  env?: Record<string, string>;
  with?: Record<string, unknown>;
}

const { jobs: { preview, up }, ...workflow } = await readYaml(`${FOLDER}/stack.yml`);

test("pages.yml is the workflow that `lighthouse-host site` writes, for the folder site/", () => {
  const own = readFileSync("host/site/files/pages.yml", "utf8");
  const text = readFileSync(`${FOLDER}/pages.yml`, "utf8");
  assert.is(text.replace("the folder site/", "this folder").replace("path: site", "path: ."), own);
});

test("stack.yml runs actions by their commits, checks out without leaving a token, and has few rights", () => {
  const text = readFileSync(`${FOLDER}/stack.yml`, "utf8");
  for (const [line] of text.matchAll(/uses: .*/g)) {
    assert.match(line, /^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
  assert.equal(workflow.permissions, {});
  for (const job of [preview, up]) {
    assert.equal(job.permissions, { "contents": "read", "id-token": "write" });
    const [checkout] = job.steps as Step[];
    assert.is(checkout!.with!["persist-credentials"], false);
  }
});

test("a fork's pull request gets nothing, and only main is deployed", () => {
  assert.equal(Object.keys(workflow.on), ["pull_request", "push", "workflow_dispatch"]);
  assert.match(preview.if, "github.event.pull_request.head.repo.full_name == github.repository");
  assert.is(preview.environment, undefined, "its token says pull_request");
  assert.match(up.if, "github.ref == 'refs/heads/main'");
  assert.is(up.environment, ENVIRONMENT);
  assert.is(up.concurrency["cancel-in-progress"], false);
});

test("both jobs install the versions that the repository is tested with", () => {
  for (const { steps } of [preview, up] as { steps: Step[] }[]) {
    const pulumi = steps.find(({ uses }) => uses?.startsWith("pulumi/actions@"))!;
    assert.equal(pulumi.with, { "pulumi-version": manifest.devDependencies["@pulumi/pulumi"] });
  }
});

/** What the steps of a job left. */
interface Left {
  code: number;
  output: string;
  summary: string;
  /** The commands that ran, with the passphrase that they had. */
  calls: string[];
}

/** Runs the commands of a job as GitHub does, in the folder that they name. */
async function runSteps(steps: Step[], pulumiCode = 0): Promise<Left> {
  const folder = temporaryFolder();
  const programs = join(folder, "bin");
  mkdirSync(programs);
  mkdirSync(join(folder, workflow.defaults.run["working-directory"]));
  const calls = join(folder, "calls");
  const standIn = (name: string, code: number) => {
    const says = `echo "${name} $* \${PULUMI_CONFIG_PASSPHRASE-}" >> "${calls}"`;
    const file = join(programs, name);
    writeFileSync(file, `#!/bin/sh\n${says}\necho "+ 14 to create"\nexit ${code}\n`);
    chmodSync(file, 0o755);
  };
  standIn("npm", 0);
  standIn("pulumi", pulumiCode);
  const summary = join(folder, "summary");
  const left: Left = { code: 0, output: "", summary: "", calls: [] };
  for (const { run, env = {} } of steps) {
    if (run === undefined || left.code !== 0) continue;
    // A value of somebody else's would become part of the command.
    assert.not.match(run, "${{");
    const options = {
      cwd: join(folder, workflow.defaults.run["working-directory"]),
      env: {
        ...process.env,
        ...env,
        PATH: `${programs}:${process.env.PATH}`,
        GITHUB_STEP_SUMMARY: summary,
        RUNNER_TEMP: folder,
      },
    };
    // https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
    const args = ["--noprofile", "--norc", "-eo", "pipefail", "-c", run];
    await new Promise<void>((resolve) =>
      execFile(workflow.defaults.run.shell, args, options, (error, stdout) => {
        left.code = Number(error?.code ?? 0);
        left.output += stdout;
        resolve();
      })
    );
  }
  if (existsSync(summary)) left.summary = readFileSync(summary, "utf8");
  left.calls = readFileSync(calls, "utf8").trim().split("\n").map((line) => line.trim());
  return left;
}

const PASSPHRASE = "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}";
const PREVIEW = `pulumi preview --stack prod --diff --non-interactive --color never ${PASSPHRASE}`;

for (const code of [0, 255]) {
  test(`the preview is in log and summary where Pulumi ends with ${code}, and so does the job`, async () => {
    const left = await runSteps(preview.steps, code);
    assert.is(left.code, code);
    assert.equal(left.calls, ["npm ci --ignore-scripts", PREVIEW]);
    assert.match(left.output, "+ 14 to create");
    assert.is(left.summary, "```\n+ 14 to create\n```\n");
  });
}

for (const code of [0, 255]) {
  test(`the job that deploys ends with ${code} as Pulumi does`, async () => {
    const left = await runSteps(up.steps, code);
    assert.is(left.code, code);
    assert.equal(left.calls, [
      "npm ci --ignore-scripts",
      `pulumi up --stack prod --yes --non-interactive --color never ${PASSPHRASE}`,
    ]);
  });
}

test.run();
