// The AWS side of a site: a WebSocket API and one Lambda, which carry the signalling between pages and the
// laptop. `pulumi up` creates it, and prints what the page and the laptop need.
import { interpolate } from "@pulumi/pulumi";
import { Bridge } from "lighthouse-tunnel/pulumi";

const bridge = new Bridge("notes", {
  // The origins whose pages may use the relay: the site, and the page's server while you develop.
  allowedOrigins: ["https://you.github.io", "http://localhost:5173"],
  // A mail when the month's cost nears a dollar, and alarms when the gateway refuses connections.
  // email: "you@example.com",
  // monthlyBudget: 1,
});

/** For the page's `relay` attribute. */
export const relay = bridge.webSocketUrl;

/** The policy that the laptop's credentials need. */
export const hostPolicyArn = bridge.hostPolicyArn;

/** The command for the laptop. */
export const hostCommand = interpolate`npx lighthouse-tunnel run --relay ${bridge.webSocketUrl} \
--function ${bridge.functionName} --region ${bridge.region} --backend 3000`;
