// For end-to-end tests: a bridge, a host that is online, and a browser, for as long as a suite runs.
import type { Browser } from "puppeteer-core";
import type { BrowserName } from "../browser.ts";
import { type Bridge, type BridgeOptions, startBridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import type { suite } from "../testing/suite.ts";
import { launchBrowser } from "./browser.ts";

/** Options of {@linkcode withBridge}: those of the bridge, and the browser. */
export interface WithBridgeOptions extends BridgeOptions {
  /** @default "chromium" */
  browser?: BrowserName;
}

/** The parts that run. */
export interface Running {
  bridge: Bridge;
  /** The one host, which is online. */
  host: HostProcess;
  browser: Browser;
}

/**
 * Starts a bridge, a host and a browser before a suite's first test, and stops them after its last.
 *
 * @param options The delay of the Lambda's environment (`propagation`) is 200 ms by default.
 * @param onStart Called with the running parts.
 */
export function withBridge(
  test: ReturnType<typeof suite>,
  options: WithBridgeOptions,
  onStart: (running: Running) => void,
): void {
  const { browser: name, ...bridgeOptions } = options;
  const stack = new AsyncDisposableStack();
  test.before(async () => {
    const bridge = stack.use(await startBridge({ propagation: 200, ...bridgeOptions }));
    const host = bridge.startHost();
    await host.until("online");
    const browser = await launchBrowser(name);
    stack.defer(() => browser.close());
    onStart({ bridge, host, browser });
  });
  test.after(() => stack.disposeAsync());
}
