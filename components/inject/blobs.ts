// The Blobs behind the document's `blob:` URLs: workers and frames of them are made anew, with the script.
import type { AppWindow } from "./app.ts";
import { call, replaceMethod } from "./native.ts";

const blobs = new Map<string, Blob>();

/** The Blob of a URL that a document of the app has made and not revoked. */
export function rememberedBlob(url: string): Blob | undefined {
  return blobs.get(url.split("#")[0]!);
}

/** Remembers the window's Blobs as long as the browser does. */
export function rememberBlobs({ URL, Blob }: AppWindow): void {
  replaceMethod(URL, "createObjectURL", (native, self, args) => {
    const url = call(native, self, args);
    if (args[0] instanceof Blob) blobs.set(url, args[0]);
    return url;
  });
  replaceMethod(URL, "revokeObjectURL", (native, self, args) => {
    blobs.delete(String(args[0]));
    return call(native, self, args);
  });
}
