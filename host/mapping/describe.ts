// How the ports stand, for pages and for people.
import type { NetworkReport } from "../../wire/mod.ts";
import type { PortMappingState } from "./mapped_ports.ts";

/** The part of the host's report to pages. */
export function reportPort({ state }: PortMappingState): Pick<NetworkReport, "port"> {
  switch (state) {
    case "off":
    case "none":
    case "mapped":
    case "unreachable":
      return { port: state };
    case "searching":
    case "needless":
      return {};
  }
}

/** The state in one line. */
export function describePortMapping(port: PortMappingState): string {
  switch (port.state) {
    case "off":
      return "off: this host asks its router for no port (port-mapping)";
    case "searching":
      return "asking the router";
    case "needless":
      return "not needed: this machine has a public address";
    case "mapped": {
      const ports = port.ports === 1 ? "port" : "ports";
      return `${port.ports} ${ports} of ${port.address} by ${port.protocol}: ` +
        "pages behind any NAT connect";
    }
    case "none":
    case "unreachable":
      return `none: ${port.reason}`;
  }
}
