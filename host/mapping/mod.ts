/**
 * Ports of the router that lead to this machine.
 *
 * @module
 */
export {
  type HeldPort,
  MappedPorts,
  type PortMappingState,
  type TakenPort,
} from "./mapped_ports.ts";
export { describePortMapping, reportPort } from "./describe.ts";
