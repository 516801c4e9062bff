// This site's service worker: one line, and ./local/ leads to the laptop.
importScripts("./lighthouse-worker.js");
