// What `lighthouse-host setup` says where it cannot begin: each of its messages tells what to do, and nothing
// has been made in AWS.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { type SetupMachine, startMachine } from "./setup_machine.ts";

const test = suite("setup refuses", { deadline: 60_000 });

const FLAGS = ["--page", "https://you.github.io/notes/", "--backend", "9", "--yes"];

/** Prepares the machine, and may return further flags. */
type Prepare = (machine: SetupMachine) => string[] | void | Promise<void>;

const NO_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
};

const CASES: Record<string, [prepare: Prepare, message: RegExp]> = {
  "no credentials": [
    ({ environment }) => void Object.assign(environment, NO_CREDENTIALS),
    /Cannot use AWS credentials: there are none\. aws configure sso, .*AWS_PROFILE/,
  ],
  "a profile that does not exist": [
    ({ environment }) =>
      void Object.assign(environment, { ...NO_CREDENTIALS, AWS_PROFILE: "nobody" }),
    /Cannot use AWS credentials: the profile nobody has none \(AWS_PROFILE\)/,
  ],
  "expired credentials": [
    ({ tokens }) => void (tokens.users.local!.isExpired = true),
    /Cannot use AWS credentials: they have expired\. aws sso login or aws login renews them/,
  ],
  "an unknown access key": [
    ({ environment }) => void (environment.AWS_ACCESS_KEY_ID = "AKIAOTHER"),
    /Cannot use AWS credentials: AWS says InvalidClientTokenId/,
  ],
  "a wrong secret key": [
    ({ environment }) => void (environment.AWS_SECRET_ACCESS_KEY = "other"),
    /Cannot use AWS credentials: the secret key is not that of the access key, or .* clock/,
  ],
  "no way to AWS": [
    ({ environment }) => void (environment.AWS_ENDPOINT_URL_STS = "http://127.0.0.1:9"),
    /Cannot reach AWS at 127\.0\.0\.1:9: is there a network, and a region eu-central-1\?/,
  ],
  "a page without TLS": [
    () => ["--page", "http://you.example/"],
    /--page is not an https URL such as https:\/\/you\.github\.io\/notes\//,
  ],
  "a wrong region": [() => ["--region", "Frankfurt"], /--region .*Frankfurt/],
  "no region": [
    ({ environment }) => void (environment.AWS_REGION = undefined),
    /--region is missing: name an AWS region, such as --region us-east-1/,
  ],
  "a wrong backend": [() => ["--backend", "http://127.0.0.1:1x"], /--backend is not a URL/],
  "an origin with a path": [
    () => ["--origin", "https://you.github.io/notes/"],
    /--origin is not an origin such as https:\/\/you\.github\.io/,
  ],
  "a wrong mail address": [() => ["--email", "me"], /--email is not a mail address: me/],
  "a wrong function's name": [() => ["--function", "a b"], /--function .*a b/],
  "a wrong place for the state": [
    () => ["--pulumi-state", "my-bucket"],
    /--pulumi-state is not a URL as pulumi login takes it, such as s3:\/\/my-state/,
  ],
  "a folder with other files": [
    async ({ project }) => {
      await mkdir(project);
      await writeFile(join(project, "thesis.txt"), "");
    },
    /Cannot use .*\/stack: it has other files, such as thesis\.txt\. Name a new folder by --project/,
  ],
  "an npm without a network": [
    () => {},
    /Cannot install Pulumi's packages: npm says: request to \S+ failed.*Is there a network\?/,
  ],
};

for (const [title, [prepare, message]] of Object.entries(CASES)) {
  test(`${title}: with what to do`, async () => {
    await using machine = await startMachine("broken");
    const flags = await prepare(machine) ?? [];
    const { code, output, errors } = await machine.setup(...FLAGS, ...flags);
    assert.is.not(code, 0);
    const said = (output + errors).replaceAll(/\s+/g, " ");
    assert.match(said, message);
    assert.not.match(said, "    at ");
    assert.equal(machine.account.changes, []);
    assert.equal(machine.settings(), { stun: "none", quic: "off" });
  });
}

test("the answers are kept for when the credentials are there", async () => {
  await using machine = await startMachine("broken");
  machine.tokens.users.local!.isExpired = true;
  await machine.setup(...FLAGS);
  machine.tokens.users.local!.isExpired = false;
  const { errors, output } = await machine.setup("--yes");
  assert.match(output + errors, "Cannot install Pulumi's packages");
});

test("answers that are pasted at once are taken one by one", async () => {
  await using machine = await startMachine("broken");
  const { program, screen, answer } = machine.atTerminal();
  await answer(
    /Where will your page be/,
    "https://you.github.io/notes/\nus-west-2\n3000\nme@example.com\n",
  );
  assert.is.not(await program.exited, 0);
  assert.match(screen(), "Cannot install Pulumi's packages");
  const kept = JSON.parse(await readFile(join(machine.project, "setup.json"), "utf8"));
  const { page, region, backend, email, site } = kept;
  assert.equal(
    [page, region, backend, email, site],
    ["https://you.github.io/notes/", "us-west-2", "3000", "me@example.com", ""],
  );
});

test("without a terminal, nothing is deployed or destroyed that --yes does not ask for", async () => {
  await using machine = await startMachine("broken");
  const flags = FLAGS.filter((flag) => flag !== "--yes");
  for (const args of [flags, [...flags, "--json"], ["--destroy"]]) {
    const { code, errors } = await machine.setup(...args);
    assert.is(code, 2, errors);
    assert.match(errors, /--yes is missing: without a terminal/);
  }
});

test("destroy has nothing to undo before setup", async () => {
  await using machine = await startMachine("broken");
  const { code, output, errors } = await machine.setup("--destroy", "--yes");
  assert.is.not(code, 0);
  assert.match(output + errors, /has nothing of setup\. Another folder: --project/);
});

test.run();
