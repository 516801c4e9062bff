// The project's folder: what is written, kept, refused and removed. tools/e2e/setup_test.ts deploys it.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { Project } from "./project.ts";

const test = suite("project");

function setUp() {
  const folder = join(temporaryFolder(), "stack");
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { folder, project: new Project(folder), read };
}

test("a new folder gets the template, with this package, and is for its owner only", async () => {
  const { folder, project, read } = setUp();
  assert.not(project.exists());
  await project.write();
  assert.ok(project.exists());
  assert.match(read("Pulumi.yaml"), /^name: lighthouse$/m);
  assert.not.match(read("Pulumi.yaml"), /\$\{/);
  assert.match(read("index.ts"), "lighthouse-tunnel/pulumi/main");
  const { dependencies } = JSON.parse(read("package.json"));
  assert.match(dependencies["lighthouse-tunnel"], /^file:\//);
  assert.match(read(".gitignore"), /^passphrase$/m);
  assert.is(statSync(folder).mode & 0o777, 0o700);
  assert.not(await project.isInstalled());
});

test("what the user has changed stays, and packages of the user's own do too", async () => {
  const { folder, project, read } = setUp();
  await project.write();
  writeFileSync(join(folder, "index.ts"), "// mine\n");
  writeFileSync(
    join(folder, "package.json"),
    '{ "dependencies": { "mine": "1.0.0", "lighthouse-tunnel": "0.0.1" } }',
  );
  writeFileSync(join(folder, "bucket.ts"), "");
  await project.write();
  assert.is(read("index.ts"), "// mine\n");
  const { dependencies } = JSON.parse(read("package.json"));
  assert.is(dependencies.mine, "1.0.0");
  assert.match(dependencies["lighthouse-tunnel"], /^file:\//);

  await project.environment(undefined);
  assert.not(await project.remove());
  for (const name of ["index.ts", "bucket.ts"]) assert.ok(existsSync(join(folder, name)), name);
  for (const name of ["Pulumi.yaml", "state", "passphrase"]) {
    assert.not(existsSync(join(folder, name)), name);
  }
});

test("a run that was stopped while it wrote goes on", async () => {
  const { folder, project, read } = setUp();
  mkdirSync(folder);
  writeFileSync(join(folder, "Pulumi.yaml"), "name: lighthouse\n");
  await project.write();
  assert.match(read("index.ts"), "lighthouse-tunnel/pulumi/main");
});

for (
  const [what, files] of [
    ["other files", { "notes.txt": "" }],
    ["another project", { "package.json": "{}", "Pulumi.yaml": "name: other" }],
  ] as const
) {
  test(`a folder with ${what} is refused, and stays`, async () => {
    const { folder, project } = setUp();
    mkdirSync(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { message } = await failureOf(project.write());
    assert.match(message, /has other files, such as (?:notes\.txt|package\.json)\. .*--project/);
    assert.not(existsSync(join(folder, "index.ts")));
  });
}

test("the state is in the folder, and its passphrase is a secret that stays the same", async () => {
  const { folder, project, read } = setUp();
  await project.write();
  const first = await project.environment(undefined);
  const passphrase = read("passphrase");
  assert.match(passphrase, /^[\w-]{32}$/);
  assert.is(statSync(join(folder, "passphrase")).mode & 0o777, 0o600);
  assert.equal(await project.environment(undefined), first);
  assert.is(read("passphrase"), passphrase);
  assert.match(first.PULUMI_BACKEND_URL!, /^file:\/\/.*\/stack\/state$/);
  assert.not.match(JSON.stringify(first), passphrase);
});

test("a state elsewhere and a passphrase of the user's own are taken", async () => {
  const { folder, project } = setUp();
  await project.write();
  process.env.PULUMI_CONFIG_PASSPHRASE = "mine";
  try {
    const { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE_FILE } = await project.environment(
      "s3://my-state",
    );
    assert.is(PULUMI_BACKEND_URL, "s3://my-state");
    assert.is(PULUMI_CONFIG_PASSPHRASE_FILE, undefined);
    assert.not(existsSync(join(folder, "passphrase")));
  } finally {
    delete process.env.PULUMI_CONFIG_PASSPHRASE;
  }
});

test.run();
