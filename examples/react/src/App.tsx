// Defines <lighthouse-tunnel>, and tells TypeScript and JSX of it.
import "lighthouse-tunnel/react";
import type { LighthouseTunnel, TunnelState } from "lighthouse-tunnel/react";
import { useRef, useState } from "react";

const RELAY = import.meta.env.VITE_LIGHTHOUSE_RELAY;

export function App() {
  const tunnel = useRef<LighthouseTunnel>(null);
  const [state, setState] = useState<TunnelState>("idle");
  const [answer, setAnswer] = useState("");

  async function ask() {
    const response = await tunnel.current!.fetch("/");
    setAnswer(await response.text());
  }

  return (
    <>
      <lighthouse-tunnel
        ref={tunnel}
        relay={RELAY}
        onstatechange={(event) => setState(event.state)}
      />
      <button type="button" disabled={state !== "connected"} onClick={ask}>
        Ask the laptop
      </button>
      <pre>{answer}</pre>
    </>
  );
}
