/**
 * Defines `<lighthouse-tunnel>`. The entry of `components/dist/lighthouse-tunnel.js`, and the
 * package's own. On a server it defines nothing.
 *
 * @module
 */
import { LighthouseTunnel } from "./mod.ts";

export * from "./mod.ts";

// A page may load the script twice, through two bundles say. A server that renders pages has no document.
if (typeof document !== "undefined" && !customElements.get("lighthouse-tunnel")) {
  customElements.define("lighthouse-tunnel", LighthouseTunnel);
}
