// Streamlit by the requests of its own scripts: its WebSocket speaks Protocol Buffers.
import type { App } from "../apps.ts";
import { expect } from "../cells.ts";

/** A BackMsg with an empty `rerun_script`: the app's script runs. */
const RERUN = "0x5a00";

export const checks: App["checks"] = {
  "GET": async (visit) => {
    expect("answer", (await visit.fetch("_stcore/health")).text, "ok");
    await visit.show("");
    // Its scripts have run: this is what they show.
    await visit.tab.waitForSelector("[data-testid=stApp]", { timeout: 30_000 });
  },
  "File upload": async (visit) => {
    const all = await visit.talk("_stcore/stream", [RERUN], /Six times seven is 42/, ["streamlit"]);
    const session = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/.exec(all)?.[0];
    await visit.show("");
    const status = await visit.tab.evaluate(async (url) => {
      const token = /_streamlit_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
      const body = new FormData();
      body.append("file", new Blob(["x"]), "file.txt");
      const headers = { "X-Xsrftoken": token };
      return (await fetch(url, { method: "PUT", headers, body })).status;
    }, visit.url(`_stcore/upload_file/${session}/1`));
    if (status === 403) {
      throw new Error("its script reads its XSRF cookie, and the host keeps cookies from scripts");
    }
    expect("status", status, 400); // the session has ended with its WebSocket
  },
  "WebSocket": async (visit) => {
    await visit.talk("_stcore/stream", [RERUN], /Six times seven is 42/, ["streamlit"]);
  },
};
