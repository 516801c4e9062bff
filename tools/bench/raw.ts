// The reference: simple-peer in the page and node-datachannel in a separate process, without a protocol
// on top. They signal through a relay, as page and host do.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startBridge } from "../local/bridge.ts";
import { BenchPage } from "./bench_page.ts";
import { type Contender, contenderOf } from "./contender.ts";
import type { Link } from "./link.ts";
import type { RawSettings } from "./page/raw.ts";
import { costOf } from "./process_cost.ts";

const HOST = fileURLToPath(new URL("./raw_host.ts", import.meta.url));

/** Opens the raw channel. */
export async function openRaw(link: Link): Promise<Contender> {
  await using stack = new AsyncDisposableStack();
  const bridge = stack.use(await startBridge());
  const { gateway, page: { port, url } } = bridge;
  const host = fork(HOST, [gateway.url]);
  stack.defer(async () => {
    if (host.connected) host.disconnect();
    if (host.exitCode === null && host.signalCode === null) await once(host, "exit");
  });
  const failed = once(host, "exit").then(() => {
    throw new Error("Cannot measure the raw channel: its host ended");
  });
  failed.catch(() => {});
  const [id] = await Promise.race([once(host, "message"), failed]);
  bridge.function.setEnvironment({ ...bridge.function.environment, LAPTOP_ID: id }, {
    staleFor: 0,
  });

  await link.reach(port);
  await link.reach(gateway.port);
  const page = stack.use(
    await BenchPage.open<RawSettings>({
      url: `${url}bench`,
      script: "raw.ts",
      settings: { relay: gateway.url },
      link,
    }),
  );
  return contenderOf(page, () => costOf(host.pid!), stack.move());
}
