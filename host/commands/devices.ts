// `lighthouse-host devices`, `revoke`, `rename` and `key`: the access list, and the host's public key.
import process from "node:process";
import { json } from "node:stream/consumers";
import { toBase64url } from "../../wire/mod.ts";
import {
  cleanName,
  type Device,
  devicesFolder,
  findDevice,
  readDevices,
  revokeDevice,
  writeDevice,
} from "../access/devices.ts";
import { readIdentity } from "../access/host_key.ts";
import { badSetting } from "../config/setting_parsers.ts";
import type { Settings } from "../config/settings.ts";
import { askHost } from "../control/socket.ts";
import type { ConnectedPage } from "../peers/sessions.ts";
import { describeWay } from "../peers/way.ts";
import { formatTable } from "../platform/layout.ts";
import { line, paint, print } from "../platform/terminal.ts";
import { durationSince } from "../platform/duration.ts";
import { formatMs } from "./ping.ts";
import { checkHasKey, openStateAnyway } from "./state.ts";

type Flags = Settings & { json: boolean };

/** Lists the devices that may connect, and those that are connected by which way. */
export async function listDevices(flags: Flags): Promise<void> {
  const { devices: all, state } = await read(flags);
  const devices = all.filter(({ revoked }) => revoked === undefined);
  const pages = await readConnections(state);
  const pagesOf = ({ id }: Device) => pages?.filter(({ device }) => device === id) ?? [];
  if (flags.json) {
    const shown = devices.map((device) => ({
      ...toJson(device),
      ...pages && { connections: pagesOf(device).map(withoutDevice) },
    }));
    return print(JSON.stringify({ devices: shown }));
  }
  if (devices.length === 0) return print("No device is paired. lighthouse-host pair lets one in");
  const isAnyConnected = devices.some((device) => pagesOf(device).length > 0);
  const rows = [
    [
      "NAME",
      "ID",
      "ADDED",
      "LAST SEEN",
      ...isAnyConnected ? ["CONNECTED"] : [],
      "SERVICES",
      "SITE",
    ],
    ...devices.map((device) => [
      device.name,
      device.id,
      new Date(device.added).toLocaleDateString("sv-SE"),
      lastSeen(device.lastSeen),
      ...isAnyConnected ? [pagesOf(device).map(describeConnection).join("; ") || "no"] : [],
      device.services?.join(" ") ?? "all",
      device.origin,
    ]),
  ];
  for (const text of formatTable(rows)) print(text);
}

/** Revokes a device: the host ends its connections at once, and refuses it until it has a new link. */
export async function revoke(text: string, flags: Flags): Promise<void> {
  const { folder, devices } = await read(flags);
  const device = findDevice(devices, text);
  await revokeDevice(folder, device.id);
  if (flags.json) return print(JSON.stringify({ revoked: toJson(device) }));
  print(
    `Revoked “${device.name}” (${device.id}): its connections end, and the host refuses it from now on. ` +
      "Only a link that you make from now on lets it in again",
  );
}

/** Gives a device another name. */
export async function rename(text: string, newName: string, flags: Flags): Promise<void> {
  const { folder, devices } = await read(flags);
  const device = findDevice(devices, text);
  const name = cleanName(newName);
  if (!name) throw badSetting("the new name has nothing that can be shown");
  const isTaken = devices.some((other) =>
    other.name === name && other.id !== device.id && other.revoked === undefined
  );
  if (isTaken) throw badSetting(`another device is called “${name}”`);
  await writeDevice(folder, { ...device, name });
  if (flags.json) return print(JSON.stringify({ renamed: toJson({ ...device, name }) }));
  print(`Renamed “${device.name}” to “${name}” (${device.id})`);
}

/** Prints this host's public key, for the page's attribute `host-key`. */
export async function printKey(flags: Flags): Promise<void> {
  const opened = await openStateAnyway(flags);
  checkHasKey(opened, flags);
  const { publicKey, fingerprint } = await readIdentity(opened.state);
  const key = toBase64url(publicKey);
  print(flags.json ? JSON.stringify({ key, fingerprint }) : key);
}

/** The pages that are connected to the running host. @returns Undefined if none runs. */
async function readConnections(state: string): Promise<ConnectedPage[] | undefined> {
  // The list is there without the host's word, too.
  const answer = await askHost(state, "/connections").catch(() => undefined);
  // A host of an older version has no such path.
  if (answer?.statusCode !== 200) return undefined;
  return (await json(answer) as { connections: ConnectedPage[] }).connections;
}

function withoutDevice({ way, since, roundTrip, bytesIn, bytesOut }: ConnectedPage): object {
  return { way, since, roundTrip, bytesIn, bytesOut };
}

/** A page's way and round trip: `directly, 3.21 ms`. */
export function describeConnection(
  { way, roundTrip }: Pick<ConnectedPage, "way" | "roundTrip">,
): string {
  return `${describeWay(way)}${roundTrip === null ? "" : `, ${formatMs(roundTrip)}`}`;
}

async function read(
  flags: Flags,
): Promise<{ folder: string; devices: Device[]; state: string }> {
  const { state } = await openStateAnyway(flags);
  const folder = devicesFolder(state);
  const devices = readDevices(folder, (path) => {
    const mark = paint("yellow", "warning:", process.stderr);
    print(line`${mark} ${path} cannot be read, and is left out`, process.stderr);
  });
  return { folder, devices, state };
}

/** A device for programs, without its secrets. */
export function toJson({ id, name, key, origin, services, added, lastSeen }: Device) {
  return {
    id,
    name,
    key: toBase64url(key),
    origin,
    services: services ?? null,
    added: new Date(added).toISOString(),
    lastSeen: lastSeen === undefined ? null : new Date(lastSeen).toISOString(),
  };
}

/** When the device was last seen. The host notes it once a minute: less than two minutes ago is now. */
function lastSeen(time: number | undefined): string {
  if (time === undefined) return "never";
  return Date.now() - time < 120_000 ? "now" : `${durationSince(time)} ago`;
}
