// What a router gives: a port of its public address that leads to a port of this machine.

/** A protocol for it: RFC 6887, RFC 6886, or UPnP's InternetGatewayDevice. */
export type MappingProtocol = "PCP" | "NAT-PMP" | "UPnP";

/** A mapped UDP port. */
export interface Mapping {
  /** The port of this machine. */
  port: number;
  /** The router's own address and port, which lead to it. */
  outer: { address: string; port: number };
  /** Seconds until the router ends it; 0 for never. */
  lifetime: number;
}

/** What is asked for. */
export interface MappingRequest {
  port: number;
  /** The outer port that the router should use again. @default `port` */
  outerPort?: number;
  /** In seconds. */
  lifetime: number;
}

/** A router that maps ports by one protocol. */
export interface PortMapper {
  readonly protocol: MappingProtocol;
  /**
   * Maps a port, or renews its mapping.
   *
   * @throws {MappingError}
   */
  map(request: MappingRequest): Promise<Mapping>;
  /** Gives a port back. @throws {MappingError} */
  unmap(mapping: Mapping): Promise<void>;
}

/**
 * Why there is no mapping: the router does not answer, it has no public address itself, it has no port
 * left, or it refuses.
 */
export type MappingTrouble = "silent" | "not-public" | "full" | "refused";

/** The router gives no port. */
export class MappingError extends Error {
  readonly trouble: MappingTrouble;

  constructor(trouble: MappingTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }
}
