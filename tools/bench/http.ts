// The upper limit: the page asks the backend directly, by the browser's HTTP. Also measures the
// backend's own time, which every contender includes.
import { Agent, get } from "node:http";
import { startPage } from "../local/page.ts";
import { startBenchBackend } from "./backend.ts";
import { BenchPage } from "./bench_page.ts";
import { type Contender, contenderOf, type ContenderOptions } from "./contender.ts";
import type { Link } from "./link.ts";
import { median } from "./measure.ts";
import type { HttpSettings } from "./page/http.ts";

/** Opens plain HTTP. */
export async function openHttp(
  link: Link,
  { backend: given, script = "http.ts", browserName }: ContenderOptions = {},
): Promise<Contender> {
  await using stack = new AsyncDisposableStack();
  const backend = given ?? stack.use(await startBenchBackend());
  const site = stack.use(await startPage({ relay: () => "" }));
  await link.reach(site.port);
  await link.reach(backend.port);
  const page = stack.use(
    await BenchPage.open<HttpSettings>({
      url: `${site.url}bench`,
      script,
      settings: { backend: backend.url },
      link,
      browserName,
    }),
  );
  return contenderOf(page, () => undefined, stack.move());
}

/** The median time of a small request to the backend from its own machine, in milliseconds. */
export async function backendTime(count: number): Promise<number> {
  await using backend = await startBenchBackend();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    await new Promise<void>((resolve, reject) => {
      get(`${backend.url}/bench/small`, { agent }, (response) => {
        response.resume().on("end", resolve);
      }).on("error", reject);
    });
    times.push(performance.now() - started);
  }
  agent.destroy();
  return median(times);
}
