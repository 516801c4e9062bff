// Finds the router's UPnP description by SSDP (UPnP Device Architecture 1.1 §1.3).
import { createSocket } from "node:dgram";
import { once } from "node:events";

const GROUP = "239.255.255.250";
const PORT = 1900;

/** A router of IGD 2 answers to version 1, too. */
const TARGET = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";

/** The search is sent three times, since UDP loses packets; answers come within a second of each. */
const SEND_MS = [0, 300, 900];
const LISTEN_MS = 2_000;

/** Most descriptions that are looked at. */
const MAX_FOUND = 4;

/**
 * Searches for routers on the network of one of this machine's addresses.
 *
 * @param ownAddress Of IPv4.
 * @returns The URLs of their descriptions, as they answer.
 */
export async function* searchGateways(ownAddress: string): AsyncGenerator<URL> {
  const socket = createSocket("udp4");
  const found: URL[] = [];
  let wake = () => {};
  socket.on("error", () => {});
  socket.on("message", (message, { address }) => {
    const url = parseSearchAnswer(message.toString("latin1"), address);
    const isNew = url && !found.some(({ href }) => href === url.href);
    if (!isNew || found.length >= MAX_FOUND) return;
    found.push(url);
    wake();
  });
  const timers: ReturnType<typeof setTimeout>[] = [];
  try {
    socket.bind(0, ownAddress);
    await once(socket, "listening");
    socket.setMulticastInterface(ownAddress);
    socket.setMulticastTTL(2);
    const send = () => socket.send(SEARCH, PORT, GROUP, () => {});
    timers.push(...SEND_MS.map((ms) => setTimeout(send, ms)));
    let hasEnded = false;
    timers.push(setTimeout(() => {
      hasEnded = true;
      wake();
    }, LISTEN_MS));
    for (let at = 0; !hasEnded || at < found.length;) {
      if (at < found.length) yield found[at++]!;
      else await new Promise<void>((resolve) => wake = resolve);
    }
  } finally {
    timers.forEach(clearTimeout);
    socket.close();
  }
}

const SEARCH = [
  "M-SEARCH * HTTP/1.1",
  `HOST: ${GROUP}:${PORT}`,
  'MAN: "ssdp:discover"',
  "MX: 1",
  `ST: ${TARGET}`,
  "",
  "",
].join("\r\n");

/**
 * Reads an answer.
 *
 * @param sender Its address. A description elsewhere is refused: no machine may send this one to a third.
 * @returns The description's URL; undefined if it is not the answer of a router.
 */
export function parseSearchAnswer(text: string, sender: string): URL | undefined {
  if (!/^HTTP\/1\.[01] 200 /.test(text)) return undefined;
  const field = (name: string) => new RegExp(`^${name}:[ \t]*(\\S+)`, "im").exec(text)?.[1];
  if (!/:InternetGatewayDevice:[12]$/.test(field("st") ?? "")) return undefined;
  const location = field("location") ?? "";
  if (!URL.canParse(location)) return undefined;
  const url = new URL(location);
  return url.protocol === "http:" && url.hostname === sender ? url : undefined;
}
