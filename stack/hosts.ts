// Checks where hosts register, and their names.
import { bad } from "./origins.ts";

/** Where hosts register: docs/deploy.md, "Several hosts, or no right on the Lambda". */
export type RegistryName = "lambda-env" | "s3";

/** The host that page and relay mean where none is named; wire/signal/envelope.ts knows it too. */
export const DEFAULT_HOST = "laptop";

/** Each has a policy of its own, and perhaps a user, of which IAM has some thousands. */
const MAX_HOSTS = 100;

/** @throws {RunError} where it is none. */
export function parseRegistry(value: unknown): RegistryName {
  if (value === "lambda-env" || value === "s3") return value;
  throw bad("registry", `${JSON.stringify(value)} is neither "lambda-env" nor "s3"`);
}

/**
 * Reads the hosts' names: 1 to 32 of `a` to `z`, digits and, inside, hyphens; wire/signal/envelope.ts has
 * the same rule.
 *
 * @param value A list; an empty one is the default of Pulumi.yaml, and means the one host `laptop`.
 * @throws {RunError} with the item that is wrong, and why.
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
