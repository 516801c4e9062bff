// Chooses the TURN servers that libjuice asks, which takes two, and gives it ports on loopback for those
// that are reached over TCP and TLS.
import { type IceServer, type IceUrl, parseIceUrl } from "../../wire/mod.ts";
import type { Log } from "../platform/log.ts";
import { TurnOverTcp, type TurnOverTcpOptions } from "./turn_over_tcp.ts";

/** Most TURN servers of a connection: MAX_RELAY_ENTRIES_COUNT of libjuice. */
const MAX_TURN = 2;

/** The usual port of firewalls that let little out. */
const HTTPS = 443;

/** Options of {@linkcode TurnPorts}. */
export interface TurnPortsOptions extends Pick<TurnOverTcpOptions, "passwordOf"> {
  log: Log;
}

/** Ports that stand for TURN servers, and are open while they are used. */
export class TurnPorts implements Disposable {
  readonly #options: TurnPortsOptions;
  /** By the URLs of the server; undefined while the port opens. */
  readonly #ports = new Map<string, TurnOverTcp | undefined>();

  constructor(options: TurnPortsOptions) {
    this.#options = options;
  }

  /**
   * Gives what libjuice may be told: STUN servers; one TURN server over UDP and one over TCP or TLS, which
   * is a port of this machine, so that a connection has both ways; else two over UDP.
   */
  choose(servers: IceServer[]): IceServer[] {
    const urls = servers.flatMap((server) =>
      server.urls.map((url) => ({ url, server, way: parseIceUrl(url)! }))
    );
    const of = (url: string, server: IceServer): IceServer => ({ ...server, urls: [url] });
    const stun = urls.filter(({ way }) => way.scheme === "stun").map(({ url, server }) =>
      of(url, server)
    );
    const udp = urls.filter(({ way }) => way.scheme !== "stun" && way.transport === "udp")
      .map(({ url, server }) => of(url, server));
    const tcp = servers.flatMap((server) => {
      const port = this.#portOf(server);
      return port === undefined ? [] : [of(`turn:127.0.0.1:${port}`, server)];
    });
    const turn = [...udp.slice(0, 1), ...tcp.slice(0, 1), ...udp.slice(1)];
    return [...stun, ...turn.slice(0, MAX_TURN)];
  }

  [Symbol.dispose](): void {
    for (const port of this.#ports.values()) port?.close();
    this.#ports.clear();
  }

  /** The port for a server's URLs of TCP and TLS; undefined without such, and until it is open. */
  #portOf({ urls }: IceServer): number | undefined {
    const ways = urls.map((url) => parseIceUrl(url)!).filter(({ transport }) => transport !== "udp")
      .sort((a, b) => rankOf(a) - rankOf(b));
    if (ways.length === 0) return undefined;
    const key = JSON.stringify(ways);
    if (this.#ports.has(key)) return this.#ports.get(key)?.port;
    this.#ports.set(key, undefined);
    const { host } = ways[0]!;
    const { log, passwordOf } = this.#options;
    TurnOverTcp.open({
      servers: ways,
      passwordOf,
      onTrouble: ({ message }) => {
        const text = `the TURN server ${host} cannot be reached over TCP: ${message}`;
        log("warn", "turn-unreachable", text);
      },
    }).then((port) => {
      if (this.#ports.has(key)) this.#ports.set(key, port);
      else port.close();
    }, ({ message }) => {
      log("warn", "turn-unreachable", `no port on loopback can be opened: ${message}`);
    });
    return undefined;
  }
}

/** The ways that firewalls let through come first. */
function rankOf({ port, transport }: IceUrl): number {
  return (port === HTTPS ? 0 : 2) + (transport === "tls" ? 0 : 1);
}
