// The services that this device may reach, as the host lists them.
import { SERVICES_PATH, type ServiceSummary } from "../../wire/mod.ts";

/**
 * Asks the host for its services.
 *
 * @param fetch The element's, to the tunnel's own paths.
 * @returns Undefined if the host knows no such list: it is of an older version.
 * @throws {TypeError} As `fetch` does.
 */
export async function readServices(
  fetch: (path: string) => Promise<Response>,
): Promise<ServiceSummary[] | undefined> {
  const response = await fetch(SERVICES_PATH);
  const text = await response.text();
  return response.ok ? parseServices(text) : undefined;
}

/** Reads the host's list. @returns Undefined if the text is none. */
export function parseServices(text: string): ServiceSummary[] | undefined {
  try {
    const { services } = JSON.parse(text) as { services: unknown };
    if (Array.isArray(services) && services.every(isSummary)) return services;
  } catch {
    // No JSON: a backend has answered, in place of the host.
  }
  return undefined;
}

function isSummary(value: unknown): value is ServiceSummary {
  const { prefix, name, icon, up } = (value ?? {}) as Record<string, unknown>;
  return typeof prefix === "string" && prefix.startsWith("/") && typeof name === "string" &&
    (icon === null || (typeof icon === "string" && icon.startsWith("/"))) &&
    typeof up === "boolean";
}
