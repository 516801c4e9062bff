// Finds out what NAT this machine is behind: is STUN enough for pages to reach it?
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { arrives, askStun, type Endpoint, type StunAnswer } from "./stun.ts";

/**
 * A router's mapping behaviour (RFC 5780 §4.3). With `endpoint-independent`, the address that STUN has
 * found is valid for every page. `none`: no router changes addresses. `unknown`: there were not two
 * addresses to ask.
 */
export type Mapping = "none" | "endpoint-independent" | "endpoint-dependent" | "unknown";

/** This machine's address and NAT, by IPv4 or IPv6. */
export interface NatReport {
  /** The address that the server has seen. */
  mapped: Endpoint;
  mapping: Mapping;
  /** Whether the router supports hairpinning: machines behind it reach each other by outer addresses. */
  hairpin: boolean;
}

/**
 * Asks STUN servers.
 *
 * @param servers `stun:host:port` each. The first that answers is asked, and another one if the first has
 * no second address.
 * @returns Undefined if no server answers.
 */
export async function probeNat(servers: string[], family: 4 | 6): Promise<NatReport | undefined> {
  await using own = await openSocket(family);
  const found: { server: Endpoint; answer: StunAnswer }[] = [];
  for (const server of await resolveAll(servers, family)) {
    const answer = await askStun(own.socket, server);
    if (answer) found.push({ server, answer });
    if (answer?.other || found.length === 2) break;
  }
  const [first, second] = found;
  if (!first) return undefined;
  const { mapped, other } = first.answer;
  const report = (mapping: Mapping, hairpin: boolean) => ({ mapped, mapping, hairpin });
  if (isOwnAddress(mapped.address)) return report("none", true);
  const there = other
    // Another address, at the same port, shows both kinds of endpoint-dependent mapping.
    ? await askStun(own.socket, { address: other.address, port: first.server.port })
    : second?.answer;
  const isSame = there && there.mapped.address === mapped.address &&
    there.mapped.port === mapped.port;
  await using another = await openSocket(family);
  const hairpin = await arrives(own.socket, another.socket, mapped);
  if (!there) return report("unknown", hairpin);
  return report(isSame ? "endpoint-independent" : "endpoint-dependent", hairpin);
}

async function openSocket(family: 4 | 6): Promise<{ socket: Socket } & AsyncDisposable> {
  const socket = createSocket(family === 4 ? "udp4" : "udp6");
  socket.bind();
  await once(socket, "listening");
  // A packet that cannot be sent shows as a missing answer.
  socket.on("error", () => {});
  return {
    socket,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

/** The servers' addresses of one family, without duplicates. */
async function resolveAll(servers: string[], family: 4 | 6): Promise<Endpoint[]> {
  const found = new Map<string, Endpoint>();
  for (const server of servers) {
    const [, host, port = "3478"] = /^stun:(.*?)(?::(\d+))?$/i.exec(server)!;
    try {
      const { address } = await lookup(host!.replace(/^\[|\]$/g, ""), { family });
      if (!found.has(address)) found.set(address, { address, port: Number(port) });
    } catch {
      // The other servers' names may resolve.
    }
  }
  return [...found.values()];
}

function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).flat().some((own) => own?.address === address);
}
