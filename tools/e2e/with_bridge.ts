// For end-to-end tests: a bridge, a host and a browser that run as long as a suite.
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
  browser: Browser;
  /** The suite's own parts that end with it, before the others. */
  stack: AsyncDisposableStack;
}

/**
 * Starts a bridge, a host and a browser before a suite's first test, and stops them after its last.
 *
 * @param options The delay of the Lambda's environment (`propagation`) is 200 ms by default.
 * @param onStart Called with the running parts once the host is online.
 */
export function withBridge(
  test: ReturnType<typeof suite>,
  options: WithBridgeOptions & { hostFlags?: string[] },
  onStart: (running: Running & { host: HostProcess }) => unknown,
): void {
  const { hostFlags, ...others } = options;
  withHostlessBridge(test, others, async (running) => {
    const host = running.bridge.startHost(hostFlags);
    await host.until("online");
    await onStart({ ...running, host });
  });
}

/** The same for a suite that starts its own hosts, in `onStart`. */
export function withHostlessBridge(
  test: ReturnType<typeof suite>,
  options: WithBridgeOptions,
  onStart: (running: Running) => unknown,
): void {
  const { browser: name, ...bridgeOptions } = options;
  const stack = new AsyncDisposableStack();
  test.before(async () => {
    const bridge = stack.use(await startBridge({ propagation: 200, ...bridgeOptions }));
    const browser = await launchBrowser(name);
    stack.defer(() => browser.close());
    await onStart({ bridge, browser, stack });
  });
  test.after(() => stack.disposeAsync());
}
