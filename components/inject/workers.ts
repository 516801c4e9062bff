// Web Workers and shared workers of the app's documents: leads their URLs, puts the workers' script before
// those of Blobs (the service worker does it for others), and gives them the way to the session.
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

  const led = (value: unknown, isModule: boolean): { url: unknown; hasScript: boolean } => {
    const url = resolve(window, value);
    const blob = url && rememberedBlob(url.href);
    if (blob) return { url: composed(blob, isModule), hasScript: true };
    const place = url && app.places.lead(url);
    return { url: place ?? value, hasScript: place !== null };
  };
  replaceConstructor(window, "Worker", (native, args, newTarget) => {
    const [value, options] = args;
    if (args.length === 0) return construct(native, args, newTarget);
    const { url, hasScript } = led(value, options?.type === "module");
    const worker = construct(native, [url, ...args.slice(1)], newTarget);
    if (hasScript) start(app, (message, transfer) => worker.postMessage(message, transfer));
    return worker;
  });
  const shared = new Map<Blob, unknown>();
  replaceConstructor(window, "SharedWorker", (native, args, newTarget) => {
    const [value, options] = args;
    if (args.length === 0) return construct(native, args, newTarget);
    const blob = rememberedBlob(String(value));
    const { url, hasScript } = led(value, options?.type === "module");
    // A shared worker is the same one for the same URL.
    if (blob && !shared.has(blob)) shared.set(blob, url);
    const worker: SharedWorker = construct(
      native,
      [blob ? shared.get(blob) : url, ...args.slice(1)],
      newTarget,
    );
    if (hasScript) start(app, (message, transfer) => worker.port.postMessage(message, transfer));
    return worker;
  });
}

/** Posts the first message to a worker: its script keeps that from the app. */
function start(app: App, post: (message: StartMessage, transfer: Transferable[]) => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data, ports }) => app.post(data, [...ports]);
  const { scope, base, service, isMoved, backend } = app.settings;
  const settings = { scope, base, service, isMoved, backend };
  post({ lighthouse: "start", settings, prefix: app.prefix, port: port2 }, [port2]);
}
