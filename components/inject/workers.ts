// Web Workers and shared workers of the app's documents: leads their URLs, puts the workers' script before
// those of Blobs (the service worker does it for others), and gives them the way to the session.
import { holdLifetimeLock } from "../tabs/lifetime_lock.ts";
import { type App, type AppWindow, resolve } from "./app.ts";
import { rememberedBlob } from "./blobs.ts";
import { call, construct, replaceConstructor } from "./native.ts";
import type { StartMessage } from "./worker_messages.ts";

/** The whole script, which the build names so: the text of what runs first in workers of Blobs. */
declare const lighthouse: () => void;

/** Replaces both constructors. */
export function leadWorkers(window: AppWindow, app: App): void {
  const { createObjectURL } = window.URL;
  const make = (text: BlobPart[]) =>
    call(createObjectURL, window.URL, [new Blob(text, { type: "text/javascript" })]);
  const workerText = `(${lighthouse})();`;
  let prefix: string | undefined;
  const composed = (blob: Blob, isModule: boolean): string =>
    // A module keeps its own URL. Imports are evaluated in their order.
    isModule
      ? make([`import "${prefix ??= make([workerText])}";import "${make([blob])}";`])
      : make([workerText, "\n", blob]);

  /** The composed URLs of classic scripts and of modules: a shared worker is the same for the same URL. */
  const made = [new Map<Blob, string>(), new Map<Blob, string>()] as const;

  for (const name of ["Worker", "SharedWorker"]) {
    replaceConstructor(window, name, (native, args, newTarget) => {
      const [value, options] = args;
      const url = args.length > 0 && resolve(window, value);
      if (!url) return construct(native, args, newTarget);
      const isModule = options?.type === "module";
      const blob = rememberedBlob(url.href);
      const urls = made[isModule ? 1 : 0];
      if (blob && !urls.has(blob)) urls.set(blob, composed(blob, isModule));
      const led = blob ? urls.get(blob)! : app.places.lead(url);
      const worker = construct(native, [led ?? value, ...args.slice(1)], newTarget);
      if (led !== null) start(app, worker.port ?? worker);
      return worker;
    });
  }
}

/** Posts the first message to a worker: its script keeps that from the app. */
function start(app: App, worker: Worker | MessagePort): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data, ports }) => app.post(data, [...ports]);
  // A shared worker may live longer than its document.
  holdLifetimeLock().then((alive) => port1.postMessage(alive));
  const { scope, base, service, isMoved, backend } = app.settings;
  const settings = { scope, base, service, isMoved, backend };
  const message: StartMessage = {
    lighthouse: "start",
    settings,
    prefix: app.prefix,
    port: port2,
  };
  worker.postMessage(message, [port2]);
}
