// As docs/demo/sw.js.
importScripts("./lighthouse-worker.js");
