// The app's window in the shell's frame: as if it were the tab's own.
import type { App, AppWindow } from "./app.ts";
import { replaceAccessor, replaceMethod } from "./native.ts";

/** Hides the shell. `top` is out of reach: browsers let nobody replace it. */
export function hideShell(window: AppWindow, { shell }: App): void {
  replaceAccessor(window, "parent", { get: () => window });
  replaceAccessor(window, "frameElement", { get: () => null });
  // Who has opened the tab knows the shell's window, and the shell's window knows who has.
  replaceAccessor(window, "opener", { get: () => shell.opener });
  // So it is with its name, by which pages know the windows that they have opened: Django's admin does.
  replaceAccessor(window, "name", {
    get: () => shell.name,
    set: (_native, _self, [name]) => shell.name = name,
  });
  replaceMethod(window, "close", () => shell.close());
  const pass = ({ data, origin, source, ports }: MessageEvent) => {
    const isOther = source !== null && source !== window && source !== shell;
    if (!isOther || origin !== window.origin) return;
    const { MessageEvent } = window;
    window.dispatchEvent(new MessageEvent("message", { data, origin, source, ports: [...ports] }));
  };
  shell.addEventListener("message", pass);
  window.addEventListener("pagehide", () => shell.removeEventListener("message", pass));
}
