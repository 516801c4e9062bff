// For tests: a page's session and a host's, joined in memory.
import { until } from "../../tools/testing/until.ts";
import { Carrier } from "../session/carrier.ts";
import type { Channel } from "../session/channel.ts";
import { HOST_LIVENESS, PAGE_LIVENESS } from "../session/liveness.ts";
import { Session, type SessionOptions } from "../session/session.ts";
import { MemoryChannel } from "./channel_pair.ts";

/** Both ends and the channels between them. */
export interface SessionPair {
  page: Session;
  host: Session;
  channels: { page: MemoryChannel; host: MemoryChannel };
}

/** Makes a page's session without a carrier. */
export function pageSession(options: Partial<SessionOptions> = {}): Session {
  return new Session({ role: "page", liveness: PAGE_LIVENESS, ...options });
}

/**
 * Makes a page's session over a channel with an answering end. @param proof For a host that expects one.
 */
export async function connectPage(
  channel: Channel,
  options: Partial<SessionOptions> = {},
  proof?: Uint8Array,
): Promise<Session> {
  const page = pageSession(options);
  try {
    await page.connect(new Carrier(channel), { proof });
    return page;
  } catch (error) {
    // Otherwise it waits for another carrier, which keeps the process from ending.
    page.close();
    throw error;
  }
}

/** Accepts the session that a page begins on a carrier. */
export async function acceptPage(
  carrier: Carrier,
  options: Partial<SessionOptions> = {},
): Promise<Session> {
  const hello = await carrier.hello;
  const host = new Session({
    role: "host",
    id: hello.session,
    liveness: HOST_LIVENESS,
    ...options,
  });
  host.accept(carrier, hello, true);
  return host;
}

/** Connects a page's session with a host's. */
export async function connectSessions(
  options: { page?: Partial<SessionOptions>; host?: Partial<SessionOptions> } = {},
): Promise<SessionPair> {
  const [page, host] = MemoryChannel.pair();
  const [pageEnd, hostEnd] = await Promise.all([
    connectPage(page, options.page),
    acceptPage(new Carrier(host), options.host),
  ]);
  return { page: pageEnd, host: hostEnd, channels: { page, host } };
}

/** Resolves when neither end has a stream left. */
export async function untilIdle(...sessions: Session[]): Promise<void> {
  await until(() => sessions.every(({ streams }) => streams === 0));
}
