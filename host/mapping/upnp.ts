// Maps ports by UPnP's InternetGatewayDevice (WANIPConnection:1 §2.4.16, and version 2 likewise).
import { randomInt } from "node:crypto";
import { type Mapping, MappingError, type MappingRequest, type PortMapper } from "./mapping.ts";
import { searchGateways } from "./ssdp.ts";

/** Services that map ports, in the order in which a router with several uses them. */
const SERVICES = [
  "urn:schemas-upnp-org:service:WANIPConnection:2",
  "urn:schemas-upnp-org:service:WANIPConnection:1",
  "urn:schemas-upnp-org:service:WANPPPConnection:1",
];

/** Limit for one answer of the router, in milliseconds and bytes. */
const ANSWER_MS = 3_000;
const MAX_ANSWER = 128 * 1024;

/** The name of the mapping on the router's pages. */
const DESCRIPTION = "lighthouse-host";

/** Errors of a router (WANIPConnection:2 §2.5.16): the outer port is taken, or leases must not end. */
const CONFLICT = [718, 729];
const ONLY_PERMANENT = 725;
const NO_PORTS_LEFT = 728;

/** Attempts with another outer port, if the port is taken. */
const ATTEMPTS = 3;

/** A router's service for ports. */
interface Service {
  type: string;
  control: URL;
}

/** A router with UPnP. */
export class UpnpMapper implements PortMapper {
  readonly protocol = "UPnP";
  readonly #ownAddress: string;
  readonly #service: Service;

  private constructor(ownAddress: string, service: Service) {
    this.#ownAddress = ownAddress;
    this.#service = service;
  }

  /**
   * Searches for a router.
   *
   * @param ownAddress This machine's IPv4 address on the router's network.
   * @throws {MappingError} `silent` if there is none.
   */
  static async find(ownAddress: string): Promise<UpnpMapper> {
    for await (const url of searchGateways(ownAddress)) {
      const description = await ask(url).catch(() => undefined);
      const service = description?.isOk ? findService(description.text, url) : undefined;
      if (service) return new UpnpMapper(ownAddress, service);
    }
    throw new MappingError("silent", "no router answers by UPnP");
  }

  async map(request: MappingRequest): Promise<Mapping> {
    const address = (await this.#call("GetExternalIPAddress")).NewExternalIPAddress;
    if (!address) {
      throw new MappingError("not-public", "the router has no public address itself (UPnP)");
    }
    let { outerPort = request.port, lifetime } = request;
    for (let attempt = 1;; attempt++) {
      try {
        await this.#call("AddPortMapping", {
          NewRemoteHost: "",
          NewExternalPort: outerPort,
          NewProtocol: "UDP",
          NewInternalPort: request.port,
          NewInternalClient: this.#ownAddress,
          NewEnabled: 1,
          NewPortMappingDescription: DESCRIPTION,
          NewLeaseDuration: lifetime,
        });
        return { port: request.port, outer: { address, port: outerPort }, lifetime };
      } catch (error) {
        const { upnp } = error as UpnpError;
        if (attempt === ATTEMPTS || upnp === undefined) throw error;
        if (CONFLICT.includes(upnp)) outerPort = randomInt(49_152, 65_536);
        else if (upnp === ONLY_PERMANENT && lifetime > 0) lifetime = 0;
        else throw error;
      }
    }
  }

  async unmap({ outer }: Mapping): Promise<void> {
    await this.#call("DeletePortMapping", {
      NewRemoteHost: "",
      NewExternalPort: outer.port,
      NewProtocol: "UDP",
    });
  }

  /** Calls an action by SOAP (UPnP Device Architecture 1.1 §3.2). @returns The answer's arguments. */
  async #call(
    action: string,
    values: Record<string, string | number> = {},
  ): Promise<Record<string, string>> {
    const { type, control } = this.#service;
    const { isOk, text } = await ask(control, {
      method: "POST",
      headers: { "content-type": 'text/xml; charset="utf-8"', soapaction: `"${type}#${action}"` },
      body: formatCall(action, type, values),
    });
    if (isOk) return argumentsOf(text);
    const code = Number(argumentsOf(text).errorCode);
    throw new UpnpError(Number.isInteger(code) ? code : undefined);
  }
}

/** A router's refusal. */
class UpnpError extends MappingError {
  readonly upnp: number | undefined;

  constructor(code: number | undefined) {
    const why = code === undefined ? "no error code" : `error ${code}`;
    super(code === NO_PORTS_LEFT ? "full" : "refused", `the router refuses the port (UPnP ${why})`);
    this.upnp = code;
  }
}

/** Sends a request to the router. @throws {MappingError} `silent`. */
async function ask(url: URL, init: RequestInit = {}): Promise<{ isOk: boolean; text: string }> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(url, { ...init, redirect: "error", signal });
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length > MAX_ANSWER) throw new Error(`more than ${MAX_ANSWER} characters`);
    }
    return { isOk: response.ok, text };
  } catch (cause) {
    throw new MappingError("silent", "the router does not answer by UPnP", { cause });
  }
}

/** Writes a call. The values are numbers, addresses and this program's own words. */
function formatCall(action: string, type: string, values: Record<string, string | number>): string {
  const body = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`).join(
    "",
  );
  return '<?xml version="1.0"?>\n' +
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${type}">${body}</u:${action}></s:Body></s:Envelope>`;
}

/**
 * Finds the service for ports in a device's description.
 *
 * @param base The description's URL. A service at another host is none.
 */
export function findService(description: string, base: URL): Service | undefined {
  const found = new Map<string, URL>();
  for (const [, block] of description.matchAll(/<service>([\s\S]*?)<\/service>/g)) {
    const { serviceType = "", controlURL = "" } = argumentsOf(block!);
    if (!URL.canParse(controlURL, base)) continue;
    const control = new URL(controlURL, base);
    const isSame = control.protocol === "http:" && control.hostname === base.hostname;
    if (isSame && !found.has(serviceType)) found.set(serviceType, control);
  }
  const type = SERVICES.find((each) => found.has(each));
  return type === undefined ? undefined : { type, control: found.get(type)! };
}

/** The elements of an XML text that hold only text: the answers and descriptions need no more. */
export function argumentsOf(text: string): Record<string, string> {
  const pairs = text.matchAll(/<(?:\w+:)?(\w+)[^<>]*>([^<>]*)<\/(?:\w+:)?\1>/g);
  return Object.fromEntries(
    Array.from(pairs, ([, name, value]) => [name!, value!.trim().replaceAll("&amp;", "&")]),
  );
}
