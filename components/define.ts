/**
 * Defines `<lighthouse-tunnel>`. The entry of `components/dist/lighthouse-tunnel.js`.
 *
 * @module
 */
import { LighthouseTunnel } from "./mod.ts";

export * from "./mod.ts";

// A page may load the script twice, through two bundles say.
if (!customElements.get("lighthouse-tunnel")) {
  customElements.define("lighthouse-tunnel", LighthouseTunnel);
}
