// For tests: an example's page in a browser, paired and connected.
import type { Browser, Page } from "puppeteer-core";
import { Admissions } from "../../host/access/admission.ts";
import { invite } from "../../host/access/invitation.ts";
import { pairingsFolder } from "../../host/access/pairings.ts";
import { home } from "../local/backend_home.ts";
import { type BridgeOptions, startBridge } from "../local/bridge.ts";
import type { Example } from "../local/examples.ts";
import { openConnected } from "./browser.ts";

/** An open example. */
export interface ExamplePage extends AsyncDisposable {
  readonly page: Page;
  /** Texts of uncaught errors, and of the console's warnings and errors. */
  readonly troubles: string[];
}

/** Starts a bridge and a host for an example, and opens its page by a pairing link, as a user does. */
export async function openExample(
  browser: Browser,
  example: Example & Pick<BridgeOptions, "quic">,
): Promise<ExamplePage> {
  await using stack = new AsyncDisposableStack();
  const bridge = stack.use(
    await startBridge({
      ...example,
      propagation: 200,
      isPublic: false,
      routes: { "GET /": home },
    }),
  );
  const host = bridge.startHost();
  await host.until("online");
  const url = new URL(bridge.page.url);
  const admissions = await Admissions.open({ state: bridge.state });
  const { link } = await invite(pairingsFolder(bridge.state), bridge.identity, url, { admissions });
  const context = await browser.createBrowserContext();
  stack.defer(() => context.close());
  const { page, troubles } = await openConnected(context, link);
  const parts = stack.move();
  return { page, troubles, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
