// Whether the TURN servers of the settings serve this host: for its reports to pages, and for `doctor`.
import { type IceServer, type IceUrl, type NetworkReport, parseIceUrl } from "../../wire/mod.ts";
import type { IceServerSetting } from "../config/ice_servers.ts";
import { IceServers } from "../ice/ice_servers.ts";
import { checkTurn, type TurnVerdict } from "./turn.ts";

/** A server, and what it says. */
export interface CheckedTurn {
  url: string;
  verdict: TurnVerdict;
}

/** Most URLs that are asked. */
const MAX_URLS = 8;

/** Asks each TURN server for an allocation, and gives it back. */
export async function checkTurnServers(
  servers: IceServer[],
  check = checkTurn,
): Promise<CheckedTurn[]> {
  const all = servers.flatMap(({ urls, username = "", credential = "" }) =>
    urls.map((url) => ({ url, parsed: parseIceUrl(url), username, credential }))
  );
  const isTurn = ({ parsed }: { parsed: IceUrl | undefined }) => /^turn/.test(parsed?.scheme ?? "");
  return await Promise.all(
    all.filter(isTurn).slice(0, MAX_URLS).map(async ({ url, parsed, ...credentials }) => ({
      url,
      verdict: await check(parsed!, credentials),
    })),
  );
}

/** What a report says of them. */
export function turnOf(checked: CheckedTurn[]): NonNullable<NetworkReport["turn"]> {
  const outcomes = checked.map(({ verdict }) => verdict.outcome);
  if (outcomes.length === 0) return "off";
  if (outcomes.includes("well")) return "works";
  return outcomes.includes("refused") ? "refused" : "unreachable";
}

/** The servers of a setting, with credentials that were made for this look. */
export async function serversOf(entries: IceServerSetting[]): Promise<{
  servers: IceServer[];
  /** Why there are no credentials for some. */
  troubles: string[];
}> {
  const troubles: string[] = [];
  using servers = new IceServers({ log: (_level, _event, text) => troubles.push(text) });
  await servers.take(entries);
  return { servers: servers.current, troubles };
}
