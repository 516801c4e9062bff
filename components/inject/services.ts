// Asks for the services of the device.
import { type ServiceList, SERVICES_PATH } from "../../wire/mod.ts";

/** The services' prefixes. @param prefix The URL on the site that leads into the tunnel. */
export async function askServices(ask: typeof fetch, prefix: string): Promise<string[]> {
  try {
    const response = await ask(new URL(`.${SERVICES_PATH}`, prefix));
    const { services } = await response.json() as ServiceList;
    return services.map(({ prefix }) => prefix);
  } catch {
    // A host of an older version.
    return [];
  }
}
