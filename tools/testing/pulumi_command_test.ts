// The stand-in for the Pulumi command, driven as `lighthouse-host setup` drives the command: by the
// Automation API.
import {
  type EngineEvent,
  LocalWorkspace,
  PulumiCommand,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { readdirSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { KEY } from "../../stack/testing/host_key.ts";
import { type Account, startAccount } from "./pulumi/account.ts";
import { ENGINES, installPulumi, type PulumiEngine } from "./pulumi_command.ts";
import { suite } from "./suite.ts";
import { temporaryFolder } from "./temporary_folder.ts";

const test = suite("pulumi command", { deadline: 60_000 });

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A project folder as `setup` makes one, and its stack. */
async function setUp(
  account: Account,
  engine: PulumiEngine,
): Promise<{ folder: string; stack: Stack }> {
  const folder = temporaryFolder();
  await installPulumi(join(folder, "bin"), account.url, engine);
  const [, config = ""] = (await readFile(join(ROOT, "Pulumi.yaml"), "utf8")).split(/^config:/m);
  const settings =
    `name: lighthouse\nruntime: nodejs\nmain: index.ts\noptions:\n  refresh: always\nconfig:${config}`;
  await writeFile(join(folder, "Pulumi.yaml"), settings);
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(folder, "index.ts"),
    `export * from ${JSON.stringify(`${ROOT}stack/main.ts`)};`,
  );
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await mkdir(join(folder, "state"));
  const stack = await LocalWorkspace.createOrSelectStack({ stackName: "prod", workDir: folder }, {
    pulumiCommand: await PulumiCommand.get({ root: folder }),
    envVars: {
      // The command keeps nothing in the home folder.
      PULUMI_HOME: join(folder, "home"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_BACKEND_URL: `file://${folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "correct horse",
    },
  });
  await stack.setAllConfig({
    "aws:region": { value: "eu-central-1" },
    "allowedOrigins[0]": { value: "https://you.github.io" },
    "registry": { value: "relay" },
    "hostKeys[0]": { value: KEY },
  }, true);
  return { folder, stack };
}

for (const engine of ENGINES) {
  test(`${engine}: up deploys a relay, a second one changes nothing, and destroy leaves nothing`, async () => {
    await using account = await startAccount();
    const { stack } = await setUp(account, engine);
    const planned = await stack.preview();
    assert.equal(account.changes, []);
    const events: EngineEvent[] = [];
    const { outputs, summary } = await stack.up({ onEvent: (event) => events.push(event) });
    assert.equal(summary.resourceChanges, planned.changeSummary);
    assert.is(summary.result, "succeeded");
    assert.is(outputs.webSocketUrl!.value, account.gateway.url);
    assert.is(account.environment!.HOST_KEYS, `laptop=${KEY}`);
    assert.is(account.environment!.REGISTRY_BUCKET, account.bucket!.bucket);
    const created = new Set(
      events.flatMap(({ resOutputsEvent: at }) =>
        at?.metadata.op === "create" ? at.metadata.urn : []
      ),
    );
    assert.is([...created].filter((urn) => urn.includes("$aws:")).length, account.resources.size);

    const again = await stack.up();
    assert.equal(Object.keys(again.summary.resourceChanges!), ["same"]);
    await stack.destroy();
    assert.equal([...account.resources], []);
    await stack.workspace.removeStack("prod");
    assert.equal(await stack.workspace.listStacks(), []);
  });

  test(`${engine}: a missing right and a taken name are errors in AWS's words, and the rest stays`, async () => {
    await using account = await startAccount();
    const { stack } = await setUp(account, engine);
    account.denied.add("iam:CreateRole");
    assert.match(await errorOf(stack.up()), "not authorized to perform: iam:CreateRole");
    account.denied.clear();
    account.takenFunctions.add("SignalingRelay");
    const events: EngineEvent[] = [];
    const error = await errorOf(stack.up({ onEvent: (event) => events.push(event) }));
    assert.match(error, "ResourceConflictException: Function already exist: SignalingRelay");
    const said = events.find(({ diagnosticEvent }) => diagnosticEvent?.severity === "error");
    assert.match(said!.diagnosticEvent!.message, "Function already exist");
    await stack.setAllConfig({ functionName: { value: "Another" } });
    await stack.up();
    assert.ok(account.resources.has("aws:lambda/function:Function Another"));
    assert.not.ok(
      account.resources.has("aws:cloudwatch/logGroup:LogGroup /aws/lambda/SignalingRelay"),
    );
  });

  test(`${engine}: an interrupt ends an update with its lock, and a killed one leaves it to cancel`, async () => {
    await using account = await startAccount();
    const { folder, stack } = await setUp(account, engine);
    const locks = join(folder, "state/.pulumi/locks/organization/lighthouse/prod");
    const hold = () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      account.beforeChange = ({ type }) => {
        if (type !== "aws:lambda/function:Function") return;
        resolve();
        return new Promise(() => {});
      };
      return promise;
    };
    const isHeld = hold();
    const interrupt = new AbortController();
    const first = errorOf(stack.up({ signal: interrupt.signal }));
    await isHeld;
    const made = account.resources.size;
    assert.ok(made > 3);
    interrupt.abort();
    assert.match(await first, "cancelling");
    assert.equal(readdirSync(locks), []);

    const isHeldAgain = hold();
    const second = errorOf(stack.up());
    await isHeldAgain;
    const lock = await readFile(join(locks, readdirSync(locks)[0]!), "utf8");
    process.kill(JSON.parse(lock).pid, "SIGKILL");
    await second;
    assert.match(await errorOf(stack.up()), "the stack is currently locked by 1 lock(s)");
    await stack.cancel();
    account.beforeChange = () => {};
    const { summary } = await stack.up();
    assert.is(summary.resourceChanges!.same, made + 2);
  });
}

async function errorOf(running: Promise<unknown>): Promise<string> {
  return await running.then(() => "none", (error: Error) => error.message);
}

test.run();
