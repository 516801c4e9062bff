// Takes the site's service worker and its stored files away, so that the next visit gets what the site's
// server has. It must work where all else of the site is broken, so it uses nothing of it.
const site = new URL("../", location.href).href;

const DATABASE = "lighthouse-tunnel";

await show("outcome", removeWorker);
document.getElementById("forget").addEventListener("click", () => show("forgotten", forget));

async function removeWorker() {
  const registrations = await navigator.serviceWorker?.getRegistrations() ?? [];
  // Other sites of this origin keep theirs.
  const own = registrations.filter(({ scope }) => scope === site);
  await Promise.all(own.map((registration) => registration.unregister()));
  // Their names have words: the first begins so, and one is the site.
  const names = (await caches.keys()).filter((name) =>
    name.startsWith("lighthouse") && name.split(" ").includes(site)
  );
  await Promise.all(names.map((name) => caches.delete(name)));
  return own.length > 0
    ? "Removed the site's service worker and its stored files."
    : "The site has no service worker in this browser.";
}

async function forget() {
  // Firefox has had the list since version 126. The names with more words are those of a key's site.
  const databases = await indexedDB.databases?.() ?? [{ name: DATABASE }];
  const names = databases.map(({ name }) => name)
    .filter((name) => name === DATABASE || name.startsWith(`${DATABASE} `));
  await Promise.all(names.map(remove));
  return "Forgotten. The laptop still lists the device: lighthouse-host revoke removes it there.";
}

function remove(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the site is open in another tab. Close it"));
  });
}

async function show(id, action) {
  const status = document.getElementById(id);
  try {
    status.textContent = await action();
  } catch (error) {
    status.textContent =
      `That did not work: ${error.message}, or remove the site's data in the browser's settings.`;
  }
}
