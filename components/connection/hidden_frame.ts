// A frame of another site that nobody sees.

/** The frame, as far as it is used here. */
export interface HiddenFrame {
  /** Posts to the frame's window, where that is still of the site. */
  postMessage(message: unknown, transfer: Transferable[]): void;
  /** Ends the frame's page. */
  remove(): void;
}

/** Opens a frame. @param onLoad Called when a page has loaded, and that may be an error's page. */
export function openFrame(url: URL, onLoad: () => void): HiddenFrame {
  const element = document.createElement("iframe");
  // It needs its scripts and its storage. It may not navigate this page, nor open windows.
  element.setAttribute("sandbox", "allow-scripts allow-same-origin");
  element.style.display = "none";
  element.src = url.href;
  element.addEventListener("load", onLoad);
  // Scripts that fill the body do not know of it.
  document.documentElement.append(element);
  return {
    postMessage: (message, transfer) =>
      element.contentWindow?.postMessage(message, url.origin, transfer),
    remove: () => element.remove(),
  };
}
