// Checks the registry's kind and the hosts' names.
import { bad } from "./origins.ts";

/** The kinds of registry: docs/deploy.md, "Several hosts, or no right on the Lambda". */
export type RegistryName = "lambda-env" | "s3";

/** The host's name if a page names none; wire/signal/envelope.ts has the same constant. */
export const DEFAULT_HOST = "laptop";

/** Each host has a policy, and perhaps a user; IAM allows a few thousand of each. */
const MAX_HOSTS = 100;

/** @throws {RunError} If the value is neither. */
export function parseRegistry(value: unknown): RegistryName {
  if (value === "lambda-env" || value === "s3") return value;
  throw bad("registry", `${JSON.stringify(value)} is neither "lambda-env" nor "s3"`);
}

/**
 * Reads the hosts' names: 1 to 32 of `a` to `z`, digits and, inside, hyphens; wire/signal/envelope.ts has
 * the same rule.
 *
 * @param value A list; an empty one is the default of Pulumi.yaml, and means the one host `laptop`.
 * @throws {RunError} With the wrong item, and the reason.
 */
export function parseHosts(value: unknown, registry: RegistryName): string[] {
  if (!Array.isArray(value)) throw bad("hosts", 'it is not a list; give names such as ["laptop"]');
  if (value.length === 0) return [DEFAULT_HOST];
  if (registry !== "s3") {
    if (value.length === 1 && value[0] === DEFAULT_HOST) return [DEFAULT_HOST];
    throw bad("hosts", "names are for the registry s3; lambda-env has one host");
  }
  if (value.length > MAX_HOSTS) throw bad("hosts", `${value.length} are more than ${MAX_HOSTS}`);
  for (const [index, name] of value.entries()) {
    const path = `hosts[${index}]`;
    if (typeof name !== "string" || !/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
      throw bad(
        path,
        `${JSON.stringify(name)} is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens`,
      );
    }
    if (value.indexOf(name) < index) throw bad(path, `${name} is in the list twice`);
  }
  return value;
}
