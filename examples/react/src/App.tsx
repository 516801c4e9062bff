// Defines <lighthouse-tunnel>, and tells TypeScript and JSX of it.
import "lighthouse-tunnel";
import type { LighthouseTunnel, TunnelState } from "lighthouse-tunnel";
import { type SyntheticEvent, useRef, useState } from "react";

const RELAY = import.meta.env.VITE_LIGHTHOUSE_RELAY;

export function App() {
  const tunnel = useRef<LighthouseTunnel>(null);
  const [state, setState] = useState<TunnelState>("idle");
  const [path, setPath] = useState("/");
  const [status, setStatus] = useState("");
  const [answer, setAnswer] = useState("");

  async function ask(event: SyntheticEvent) {
    event.preventDefault();
    setStatus("Asking …");
    try {
      // The same as the global fetch(), with a path from the backend's root.
      const response = await tunnel.current!.fetch(path);
      setAnswer(await response.text());
      setStatus(`Status ${response.status}`);
    } catch (error) {
      setStatus((error as Error).message);
    }
  }

  return (
    <main>
      <h1>Ask the laptop</h1>
      <lighthouse-tunnel
        ref={tunnel}
        relay={RELAY}
        onstatechange={(event) => setState(event.state)}
      />
      <form onSubmit={ask}>
        <label>
          Path <input value={path} required onChange={(event) => setPath(event.target.value)} />
        </label>
        <button disabled={state !== "connected"}>Ask</button>
      </form>
      <p role="status">{status}</p>
      <pre>{answer}</pre>
    </main>
  );
}
