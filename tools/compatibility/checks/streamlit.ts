// Streamlit by the requests of its own scripts: its WebSocket speaks Protocol Buffers.
import { type Checks, expect } from "../cells.ts";

/** A BackMsg with an empty `rerun_script`: the app's script runs. */
const RERUN = "0x5a00";

export const checks: Checks = {
  "GET": async (visit) => {
    expect("answer", (await visit.fetch("_stcore/health")).text, "ok");
    await visit.show("");
    // Its scripts have run: this is what they show.
    await visit.tab.waitForSelector("[data-testid=stApp]", { timeout: 30_000 });
  },
  "File upload": async (visit) => {
    // In the app's own page, whose scripts see the token's cookie.
    await visit.show("");
    await visit.tab.waitForSelector("[data-testid=stApp]", { timeout: 30_000 });
    const status = await visit.tab.evaluate(upload);
    expect("status", status, 204);
  },
  "WebSocket": async (visit) => {
    await visit.talk("_stcore/stream", [RERUN], /Six times seven is 42/, ["streamlit"]);
  },
};

/** Sends a file for the session of a WebSocket. Runs in the app's page. @returns The status. */
async function upload(): Promise<number> {
  const socket = new WebSocket("_stcore/stream", "streamlit");
  socket.binaryType = "arraybuffer";
  socket.onopen = () => socket.send(new Uint8Array([0x5a, 0]));
  const session = await new Promise<string>((resolve, reject) => {
    socket.onclose = () => reject(new Error("The WebSocket has closed"));
    socket.onmessage = ({ data }) => {
      const text = new TextDecoder("latin1").decode(data);
      // The first message ends with the id of the session, after those of the app and the user.
      const ids = text.match(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g);
      if (ids) resolve(ids.at(-1)!);
    };
  });
  const token = /_streamlit_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  const body = new FormData();
  body.append("file", new Blob(["x"]), "file.txt");
  const init = { method: "PUT", headers: { "X-Xsrftoken": token }, body };
  const { status } = await fetch(`_stcore/upload_file/${session}/1`, init);
  socket.onclose = null;
  socket.close();
  return status;
}
