// Runs in the world between the two sides: the stand-in for AWS and the page's server. It prints a `World`
// as a line of JSON, and ends with its standard input. Its argument has the world's addresses.
import process from "node:process";
import { DEFAULT_THROTTLES } from "../../stack/throttles.ts";
import { startBridge } from "../local/bridge.ts";
import { forwardPorts } from "./forward.ts";

/** What the two sides need of it. Its URLs are of 127.0.0.1. */
export interface World {
  page: string;
  relay: string;
  /** The host's state folder. */
  state: string;
  /** The host's flags and environment. */
  flags: string[];
  environment: Record<string, string>;
  ports: number[];
}

const bridge = await startBridge({
  propagation: 100,
  throttles: DEFAULT_THROTTLES,
  isPublic: false,
});
const { gateway, controlPlane, page } = bridge;
const ports = [gateway.url, controlPlane.endpoint, page.url].map((url) =>
  Number(new URL(url).port)
);
await forwardPorts({ listen: process.argv.slice(2), to: "127.0.0.1", ports });
const world: World = {
  page: page.url,
  relay: gateway.url,
  state: bridge.state,
  flags: bridge.hostFlags(),
  environment: bridge.hostEnvironment,
  ports,
};
console.log(JSON.stringify(world));
process.stdin.on("end", () => process.exit(0)).resume();
