// Shows the resources that `pulumi up` would create, with a temporary state and copied settings. It
// deploys nothing and needs no AWS account, only the Pulumi command, which downloads its AWS plugin.
//
//     npm run preview
import { spawnSync } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { build } from "./build.ts";
import { temporaryFolder } from "./testing/temporary_folder.ts";

const STACK = "prod";
const MAIN = "stack/main.ts";

/**
 * Settings that keep the AWS provider offline:
 * https://www.pulumi.com/registry/packages/aws/api-docs/provider/
 */
const OFFLINE = [
  "aws:accessKey=preview",
  "aws:secretKey=preview",
  "aws:skipCredentialsValidation=true",
  "aws:skipRequestingAccountId=true",
  "aws:skipMetadataApiCheck=true",
];

process.exitCode = await preview();

async function preview(): Promise<number> {
  if (spawnSync("pulumi", ["version"]).status !== 0) {
    console.error(
      "Cannot preview the stack: there is no pulumi command. https://www.pulumi.com/docs/install/",
    );
    return 1;
  }
  await build();
  const folder = temporaryFolder();
  await copyProject(folder);

  const pulumi = (...args: string[]) =>
    spawnSync("pulumi", [...args, "--cwd", folder, "--non-interactive"], {
      stdio: "inherit",
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: pathToFileURL(folder).href,
        PULUMI_CONFIG_PASSPHRASE: "preview",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
    }).status ?? 1;
  const settings = OFFLINE.flatMap((setting) => ["--config", setting]);
  return pulumi("stack", "init", STACK) ||
    pulumi("preview", "--stack", STACK, "--diff", ...settings);
}

/** Copies the settings, since the Pulumi command writes into them. */
async function copyProject(folder: string): Promise<void> {
  const project = await readFile("Pulumi.yaml", "utf8");
  if (!project.includes(`main: ${MAIN}`)) throw new Error(`Pulumi.yaml does not name ${MAIN}`);
  await writeFile(join(folder, "Pulumi.yaml"), project.replace(MAIN, resolve(MAIN)));
  await copyFile(`Pulumi.${STACK}.yaml`, join(folder, `Pulumi.${STACK}.yaml`));
}
