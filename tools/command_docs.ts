// Generates documents from the descriptions of the host's commands and settings.
import { writeFile } from "node:fs/promises";
import { COMMANDS } from "../host/cli/commands.ts";
import { formatManPage, formatMarkdown } from "../host/cli/help.ts";
import { formatConfigSchema } from "../host/config/config_schema.ts";

const PAGE = "docs/command-line.md";
const SCHEMA = "docs/config.schema.json";

/** Writes docs/command-line.md, the settings' schema, and the man page beside the bundle. */
export async function writeCommandDocs(): Promise<void> {
  await writeFile(PAGE, formatMarkdown(COMMANDS));
  await writeFile(SCHEMA, formatConfigSchema());
  await writeFile("host/dist/lighthouse-host.1", formatManPage(COMMANDS));
}
