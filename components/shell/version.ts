// Notices that the site's files have become newer than the open page.

/** Shortest time between two questions for a newer worker, in milliseconds. */
const ASK_MS = 3_600_000;

/** Calls `onNewer` when a newer service worker has taken over. Asks for one when the page is looked at. */
export async function watchVersion(onNewer: () => void): Promise<void> {
  // Undefined in windows without workers, in which nothing gets newer.
  const registration = await (navigator.serviceWorker as ServiceWorkerContainer | undefined)?.ready;
  if (!registration) return;
  const watch = () => {
    const next = registration.installing ?? registration.waiting;
    next?.addEventListener("statechange", () => {
      if (next.state === "activated") onNewer();
    });
  };
  watch();
  registration.addEventListener("updatefound", watch);
  let asked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" || Date.now() - asked < ASK_MS) return;
    asked = Date.now();
    // Without a network there is nothing newer.
    registration.update().catch(() => {});
  });
}
