// The connections to one backend.
import { Agent, type AgentOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { DuplexOptions } from "node:stream";
import type { BackendConfig } from "../config/service_config.ts";
import { type ConnectionOptions, connectionOptions } from "./connection_options.ts";

/** Makes connections to one backend. */
export interface Agents {
  /** Keeps connections, each for the principal that used it first. */
  kept: Agent;
  /** The same for requests that must not be sent twice: it keeps a connection for a moment only. */
  fresh: Agent;
}

/** Time for which an idle connection is kept, in milliseconds: servers of Node.js close theirs at 5 s. */
const KEEP_MS = 4_000;

/**
 * The same for unsafe requests, which may only use a connection that has just been proven: the backend
 * answered on it, and promised to keep it for seconds (`Exchange` looks for the promise).
 */
const PROVEN_MS = 100;

/** Most idle connections that are kept for each principal. */
const MAX_IDLE = 64;

/** Bytes at which an answer that nobody reads stops: it then holds one read of the system, of 64 KiB. */
const readableHighWaterMark = 16 * 1024;

/** The option of a request by which {@linkcode createAgents} tells principals apart. */
export interface PrincipalOption {
  /** The id of the principal. */
  principal: string;
}

/** Makes the agents for a backend. */
export function createAgents(config: BackendConfig): Agents {
  const own: AgentOptions & ConnectionOptions = connectionOptions(config);
  const make = (options: AgentOptions): Agent => {
    const all: AgentOptions & DuplexOptions = { ...own, ...options, readableHighWaterMark };
    return config.backend.protocol === "https:" ? new HttpsAgent(all) : new Agent(all);
  };
  return {
    kept: byPrincipal(make({ keepAlive: true, timeout: KEEP_MS, maxFreeSockets: MAX_IDLE })),
    fresh: byPrincipal(make({ keepAlive: true, timeout: PROVEN_MS, maxFreeSockets: MAX_IDLE })),
  };
}

/** Makes an agent keep the connections of each principal apart: it finds them by this name. */
function byPrincipal(agent: Agent): Agent {
  const nameOf = agent.getName.bind(agent);
  agent.getName = (options) => `${nameOf(options)}:${(options as PrincipalOption).principal}`;
  return agent;
}
