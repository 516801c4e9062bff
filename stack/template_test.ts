// The template that `pulumi new` and `lighthouse-host setup` copy: what they need is in it, and it is the
// repository's own project otherwise. tools/package/package_test.ts runs its program.
import { readdir, readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import manifest from "../package.json" with { type: "json" };
import access from "../examples/github/access/package.json" with { type: "json" };
import template from "./template/package.json" with { type: "json" };
import { settingNames } from "./config.ts";
import { readYaml } from "./testing/yaml.ts";

const test = suite("template");

const FOLDER = new URL("./template/", import.meta.url);

test("it has three files", async () => {
  assert.equal((await readdir(FOLDER)).toSorted(), ["Pulumi.yaml", "index.ts", "package.json"]);
});

test("it installs the versions that the repository is tested with, as GitHub's example does", () => {
  const { devDependencies } = manifest;
  // Exactly these: the next `npm install` must not change what is deployed.
  assert.equal(template.dependencies, {
    "@pulumi/aws": devDependencies["@pulumi/aws"],
    "@pulumi/pulumi": devDependencies["@pulumi/pulumi"],
    "lighthouse-tunnel": manifest.version,
  });
  assert.equal(access, template);
});

test("Pulumi runs it as it runs the repository's project", async () => {
  const { name, description, main, runtime, options } = await readYaml(
    "stack/template/Pulumi.yaml",
  );
  const own = await readYaml("Pulumi.yaml");
  assert.equal({ runtime, options }, { runtime: own.runtime, options: own.options });
  // The placeholders of `pulumi new`.
  assert.equal({ name, description }, { name: "${PROJECT}", description: "${DESCRIPTION}" });
  const program = await readFile(new URL(main, FOLDER), "utf8");
  assert.match(program, 'export * from "lighthouse-tunnel/pulumi/main";');
});

test("`pulumi new` asks for settings that exist", async () => {
  const { template: { config, description } } = await readYaml("stack/template/Pulumi.yaml");
  assert.is(description, (await readYaml("Pulumi.yaml")).description);
  const known: string[] = ["aws:region", ...settingNames];
  for (const name of Object.keys(config)) assert.ok(known.includes(name), name);
  for (const name of known.slice(0, 2)) assert.ok(name in config, name);
});

test.run();
