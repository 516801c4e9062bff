// The site's service worker: ./local/ leads to the laptop.
importScripts("./lighthouse-worker.js");
