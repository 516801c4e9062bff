// A development gateway: on this machine it is to a Lambda and its clients what an API Gateway
// WebSocket API is on AWS. A development part, and no part of what a user deploys.
//
// As on AWS: routes are selected by `$request.body.action` ($connect, $disconnect, sendSignal; no
// $default), the upgrade waits for $connect, messages invoke the Lambda concurrently, what the Lambda
// returns for a message is not sent to the client, and only messages reset the idle timer.
// Not as on AWS: no TLS, no signatures, no throttling (but at most 1,000 connections), no integration
// timeout of 29 s (the function has its own). What AWS does not document is guessed, such as the
// reasons in close frames.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
import { once } from "node:events";
import { createServer } from "node:http";
import type { ConnectionCounts } from "./gateway_connection.ts";
import { GatewayServer } from "./gateway_server.ts";

export type { ConnectionCounts };

/** Options of {@linkcode startGateway}. */
export interface GatewayOptions {
  /** The Lambda: it gets each event and returns the handler's answer. */
  invoke: (event: unknown) => Promise<unknown>;
  /** Port to listen on; 0 for any that is free. @default 0 */
  port?: number;
  /** Address to listen on. @default "127.0.0.1" */
  host?: string;
  /** Stage of the API: the path that clients connect to. @default "prod" */
  stage?: string;
  /** Time without a message after which a connection is closed, in milliseconds. @default 600_000 */
  idleTimeout?: number;
  /** Time after which a connection is closed in any case, in milliseconds. @default 7_200_000 */
  lifetime?: number;
  /** Told of whatever happens on the connections, as it happens. */
  onActivity?: (activity: GatewayActivity) => void;
}

/** Something that happened at the gateway. `connection` goes on counting after it was handed over. */
export type GatewayActivity =
  | { type: "open"; connection: ConnectionCounts }
  | { type: "refuse"; origin: string | undefined; status: number }
  | { type: "in"; connection: ConnectionCounts; text: string }
  | { type: "out"; connection: ConnectionCounts; text: string }
  | { type: "close"; connection: ConnectionCounts; code: number; reason: string };

/** What the gateway has counted since it started. "In" is from the clients. */
export interface GatewayCounts {
  /** Connections opened. */
  readonly connects: number;
  /** Upgrades refused. */
  readonly refused: number;
  /** Messages from clients. */
  readonly messagesIn: number;
  /** Messages to clients, the gateway's own replies included. */
  readonly messagesOut: number;
  /** {@linkcode messagesIn} in units of 32 KiB, as AWS bills them. */
  readonly unitsIn: number;
  /** {@linkcode messagesOut} in units of 32 KiB, as AWS bills them. */
  readonly unitsOut: number;
}

/** What can go wrong on purpose. All unset at first; set and unset at any time. */
export interface GatewayFaults {
  /** Status to answer a post to an open connection with; `undefined` delivers the message. */
  post?: (connectionId: string, body: string) => number | undefined;
  /** Whether a client's message gets lost before the Lambda sees it. */
  dropMessage?: (connectionId: string, text: string) => boolean;
  /** How late a message is, in either direction, in milliseconds. */
  delay?: number;
}

/** A gateway that listens. */
export interface Gateway extends AsyncDisposable {
  /** Where clients connect: `ws://127.0.0.1:PORT/prod`. */
  readonly url: string;
  /** Where the Lambda posts, for `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`: `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  /** The port it listens on. */
  readonly port: number;
  /** The open connections by id. */
  readonly connections: ReadonlyMap<string, ConnectionCounts>;
  /** Totals, closed connections included. */
  readonly counts: GatewayCounts;
  /** What goes wrong on purpose. */
  readonly faults: GatewayFaults;
  /** Closes all connections (1001) and the server. `$disconnect` is not invoked. */
  close(): Promise<void>;
}

/**
 * Starts a gateway in front of a Lambda.
 *
 * @throws {Error} When the port cannot be had.
 *
 * @example
 * ```ts
 * await using gateway = await startGateway({ invoke: (event) => relay.invoke(event) });
 * const socket = new WebSocket(gateway.url);
 * ```
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { port = 0, host = "127.0.0.1" } = options;
  const server = createServer();
  server.listen(port, host);
  await once(server, "listening");
  return new GatewayServer(server, host, options);
}
