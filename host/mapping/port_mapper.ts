// Finds a protocol by which the router gives ports.
import { findGateway } from "./gateway.ts";
import { GatewaySocket } from "./gateway_socket.ts";
import { type Mapping, MappingError, type MappingRequest, type PortMapper } from "./mapping.ts";
import { NatPmpMapper } from "./nat_pmp.ts";
import { PcpMapper } from "./pcp.ts";
import { UpnpMapper } from "./upnp.ts";

/** A protocol that works, and its first mapping. */
export interface FirstMapping {
  mapper: PortMapper;
  mapping: Mapping;
}

const NO_ROUTER = "no router is found: the default route leads into a VPN, or there is none";

/**
 * Asks the router for a port by PCP, NAT-PMP and UPnP, in this order.
 *
 * @throws {MappingError} With the trouble that tells most.
 */
export async function mapFirstPort(request: MappingRequest): Promise<FirstMapping> {
  const gateway = await findGateway();
  if (gateway === undefined) throw new MappingError("silent", NO_ROUTER);
  let trouble: MappingError | undefined;
  const open: (() => PortMapper | Promise<PortMapper>)[] = [
    () => new PcpMapper(gateway),
    () => new NatPmpMapper(gateway),
    async () => await UpnpMapper.find(await ownAddressFor(gateway)),
  ];
  for (const each of open) {
    try {
      const mapper = await each();
      return { mapper, mapping: await mapper.map(request) };
    } catch (error) {
      if (!(error instanceof MappingError)) throw error;
      if (!trouble || rank(error) > rank(trouble)) trouble = error;
    }
  }
  throw trouble!.trouble === "silent"
    ? new MappingError(
      "silent",
      "the router gives no ports: it has no PCP, NAT-PMP or UPnP, or not on",
    )
    : trouble!;
}

/** What tells more: a router without a public address may say by PCP that it has no port left. */
function rank({ trouble }: MappingError): number {
  return ["silent", "full", "refused", "not-public"].indexOf(trouble);
}

/** This machine's address on the router's network. */
async function ownAddressFor(gateway: string): Promise<string> {
  using socket = await GatewaySocket.open(gateway);
  return socket.ownAddress;
}
