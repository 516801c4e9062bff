// The networks of the lab: which case has which, and which way is the best there.
import type { NetworkOptions } from "./network.ts";
import type { RouterOptions } from "./router.ts";

/** The way of a connection: `none` if there is none. */
export type LabWay = "direct" | "mapped" | "turn" | "relayed" | "none";

/**
 * What happens after the connect, in the middle of a download where there is one: see run_case.ts.
 *
 * | Event | What happens |
 * |---|---|
 * | `idle` | nothing for 75 s |
 * | `pages` | four further browsers connect at once |
 * | `rebind` | the page's router restarts: while idle, and again |
 * | `move` | the page's machine changes its network |
 * | `lift` | the page's router lets UDP through |
 * | `block` | the page's router drops UDP from then on |
 */
export type LabEvent = "idle" | "pages" | "rebind" | "move" | "lift" | "block";

/** A case. */
export interface LabCase extends NetworkOptions {
  name: string;
  /** In a few words. */
  about: string;
  /** The best way without a TURN server. */
  best: LabWay;
  then?: LabEvent;
  /** The best way after that, without a TURN server. @default `best` */
  last?: LabWay;
}

const symmetric: RouterOptions = { nat: "symmetric" };
const conePort: RouterOptions = { ports: "both" };
const symmetricPort: RouterOptions = { nat: "symmetric", ports: "both" };
const dropped: RouterOptions = { udp: "dropped" };
const webOnly: RouterOptions = { udp: "dropped", isWebOnly: true };
const forgetful: RouterOptions = { mappingLife: 30 };

/** All of them. A router is one with a cone NAT unless named. */
export const CASES: readonly LabCase[] = [
  { name: "cone-cone", about: "page and host behind cone NATs", best: "direct" },
  {
    name: "cone-symmetric",
    about: "the host behind a symmetric NAT",
    host: symmetric,
    best: "relayed",
  },
  {
    name: "symmetric-cone",
    about: "the page behind a symmetric NAT",
    page: symmetric,
    best: "relayed",
  },
  {
    name: "symmetric-symmetric",
    about: "both behind symmetric NATs",
    page: symmetric,
    host: symmetric,
    best: "relayed",
  },
  {
    name: "symmetric-cone+port",
    about: "as symmetric-cone, and the host's router gives ports by PCP",
    page: symmetric,
    host: conePort,
    best: "mapped",
  },
  {
    name: "symmetric-symmetric+port",
    about: "as symmetric-symmetric, and the host's router gives ports by PCP",
    page: symmetric,
    host: symmetricPort,
    best: "mapped",
  },
  {
    name: "symmetric-symmetric+upnp",
    about: "the same by UPnP",
    page: symmetric,
    host: { nat: "symmetric", ports: "upnp" },
    best: "mapped",
  },
  {
    name: "pages+port",
    about: "as symmetric-symmetric+port, and four further browsers connect at once",
    page: symmetric,
    host: symmetricPort,
    best: "mapped",
    then: "pages",
  },
  {
    name: "symmetric-double+port",
    about: "the host's router gives ports, and is behind another one itself",
    page: symmetric,
    host: conePort,
    hostPlace: "behind two routers",
    best: "relayed",
  },
  {
    name: "udp-blocked-page",
    about: "the page's router drops UDP",
    page: dropped,
    best: "relayed",
  },
  {
    name: "udp-rejected-page",
    about: "the page's router answers UDP with an error",
    page: { udp: "rejected" },
    best: "relayed",
  },
  {
    name: "udp-blocked-host",
    about: "the host's router drops UDP",
    host: dropped,
    best: "relayed",
  },
  {
    name: "udp-blocked-both",
    about: "both routers drop UDP",
    page: dropped,
    host: dropped,
    best: "relayed",
  },
  {
    name: "web-only-page",
    about: "the page's router lets through what looks like the web: TURN only over TLS on port 443",
    page: webOnly,
    best: "relayed",
  },
  {
    name: "web-only-host",
    about: "the same at the host",
    host: webOnly,
    best: "relayed",
  },
  {
    name: "same-lan",
    about: "page and host behind one router",
    place: "host's LAN",
    best: "direct",
  },
  {
    name: "double-nat",
    about: "the page behind two routers",
    place: "behind two routers",
    best: "direct",
  },
  {
    name: "ipv6-page",
    about: "the page has only IPv6, the host both",
    isIpv6Page: true,
    best: "direct",
  },
  {
    name: "short-mappings",
    about: "both routers forget idle mappings after 30 s; 75 s without a request",
    page: forgetful,
    host: forgetful,
    best: "direct",
    then: "idle",
  },
  {
    name: "rebinding",
    about: "the page's router restarts: idle, and in the middle of a download",
    best: "direct",
    then: "rebind",
  },
  {
    name: "address-change",
    about: "the page's machine changes its network in the middle of a download",
    best: "direct",
    then: "move",
  },
  {
    name: "change-to-blocked",
    about: "the same, to a network that drops UDP",
    other: dropped,
    best: "direct",
    then: "move",
    last: "relayed",
  },
  {
    name: "change-from-blocked",
    about: "the same, from a network that drops UDP",
    page: dropped,
    best: "relayed",
    then: "move",
    last: "direct",
  },
  {
    name: "block-lifted",
    about: "the page's router lets UDP through from the middle of a download on",
    page: dropped,
    best: "relayed",
    then: "lift",
    last: "direct",
  },
  {
    name: "path-lost",
    about: "the page's router drops UDP from the middle of a download on",
    best: "direct",
    then: "block",
    last: "relayed",
  },
  {
    name: "long-loss",
    about: "as cone-cone, over 100 ms round trip with 0.1 % loss",
    wire: { delay: 50, loss: 1000 },
    best: "direct",
  },
  {
    name: "narrow",
    about: "as cone-cone, over 4 Mbit/s",
    wire: { delay: 20, rate: 4000 },
    best: "direct",
  },
];
