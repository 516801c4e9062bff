// The networks of the lab: which case has which, and which way is the best there.
import type { NetworkOptions } from "./network.ts";
import type { RouterOptions } from "./router.ts";

/** The way of a connection: `none` if there is none. */
export type LabWay = "direct" | "mapped" | "turn" | "relayed" | "none";

/** What happens after the connect: see run_case.ts. */
export type LabEvent = "idle" | "move" | "rebind" | "lift" | "pages";

/** A case. */
export interface LabCase {
  name: string;
  /** In a few words. */
  about: string;
  network: NetworkOptions;
  /** The best way without a TURN server. */
  best: LabWay;
  then?: LabEvent;
}

const cone: RouterOptions = { nat: "cone" };
const symmetric: RouterOptions = { nat: "symmetric" };
const dropped: RouterOptions = { nat: "cone", udp: "dropped" };
const rejected: RouterOptions = { nat: "cone", udp: "rejected" };

/** All of them. */
export const CASES: readonly LabCase[] = [
  {
    name: "cone-cone",
    about: "page and host behind cone NATs",
    network: { page: cone, host: cone },
    best: "direct",
  },
  {
    name: "cone-symmetric",
    about: "the host behind a symmetric NAT",
    network: { page: cone, host: symmetric },
    best: "relayed",
  },
  {
    name: "symmetric-cone",
    about: "the page behind a symmetric NAT",
    network: { page: symmetric, host: cone },
    best: "relayed",
  },
  {
    name: "symmetric-symmetric",
    about: "both behind symmetric NATs",
    network: { page: symmetric, host: symmetric },
    best: "relayed",
  },
  {
    name: "symmetric-cone+port",
    about: "as symmetric-cone, and the host's router gives ports by PCP",
    network: { page: symmetric, host: { nat: "cone", ports: "both" } },
    best: "mapped",
  },
  {
    name: "symmetric-symmetric+port",
    about: "as symmetric-symmetric, and the host's router gives ports by PCP",
    network: { page: symmetric, host: { nat: "symmetric", ports: "both" } },
    best: "mapped",
  },
  {
    name: "symmetric-symmetric+upnp",
    about: "the same by UPnP",
    network: { page: symmetric, host: { nat: "symmetric", ports: "upnp" } },
    best: "mapped",
  },
  {
    name: "pages+port",
    about: "as symmetric-symmetric+port, and four further browsers connect at once",
    network: { page: symmetric, host: { nat: "symmetric", ports: "both" } },
    best: "mapped",
    then: "pages",
  },
  {
    name: "symmetric-double+port",
    about: "the host's router gives ports, and is behind another one itself",
    network: {
      page: symmetric,
      host: { nat: "cone", ports: "both" },
      hostPlace: "behind two routers",
    },
    best: "relayed",
  },
  {
    name: "udp-blocked-page",
    about: "the page's router drops UDP",
    network: { page: dropped, host: cone },
    best: "relayed",
  },
  {
    name: "udp-rejected-page",
    about: "the page's router answers UDP with an error",
    network: { page: rejected, host: cone },
    best: "relayed",
  },
  {
    name: "udp-blocked-host",
    about: "the host's router drops UDP",
    network: { page: cone, host: dropped },
    best: "relayed",
  },
  {
    name: "udp-blocked-both",
    about: "both routers drop UDP",
    network: { page: dropped, host: dropped },
    best: "relayed",
  },
  {
    name: "same-lan",
    about: "page and host behind one router",
    network: { page: cone, host: cone, place: "host's LAN" },
    best: "direct",
  },
  {
    name: "double-nat",
    about: "the page behind two routers",
    network: { page: cone, host: cone, place: "behind two routers" },
    best: "direct",
  },
  {
    name: "ipv6-page",
    about: "the page has only IPv6, the host both",
    network: { page: cone, host: cone, isIpv6Page: true },
    best: "direct",
  },
  {
    name: "short-mappings",
    about: "both routers forget idle mappings after 30 s; 75 s without a request",
    network: { page: { nat: "cone", mappingLife: 30 }, host: { nat: "cone", mappingLife: 30 } },
    best: "direct",
    then: "idle",
  },
  {
    name: "rebinding",
    about: "the page's router restarts: idle, and in the middle of a download",
    network: { page: cone, host: cone },
    best: "direct",
    then: "rebind",
  },
  {
    name: "address-change",
    about: "the page's machine changes its network in the middle of a download",
    network: { page: cone, host: cone },
    best: "direct",
    then: "move",
  },
  {
    name: "block-lifted",
    about: "the page's router lets UDP through from the middle of a download on",
    network: { page: dropped, host: cone },
    best: "relayed",
    then: "lift",
  },
  {
    name: "long-loss",
    about: "as cone-cone, over 100 ms round trip with 0.1 % loss",
    network: { page: cone, host: cone, wire: { delay: 50, loss: 1000 } },
    best: "direct",
  },
  {
    name: "narrow",
    about: "as cone-cone, over 4 Mbit/s",
    network: { page: cone, host: cone, wire: { delay: 20, rate: 4000 } },
    best: "direct",
  },
];
