// A component of React 19, as TypeScript sees it.
import "lighthouse-tunnel";
import type { LighthouseTunnel } from "lighthouse-tunnel";
import { useRef } from "react";

export function Notes({ relay }: { relay: string }) {
  const tunnel = useRef<LighthouseTunnel>(null);
  return (
    <>
      <lighthouse-tunnel
        ref={tunnel}
        className="corner"
        relay={relay}
        host-key="abc"
        onstatechange={(event) => console.log(event.state satisfies string, event.target)}
        ondevicechange={({ device }) => console.log(device?.id)}
      >
        <span slot="idle">Not there</span>
      </lighthouse-tunnel>
      {/* @ts-expect-error: a relay is no number. */}
      <lighthouse-tunnel relay={5} />
      {/* @ts-expect-error: it has no such attribute. */}
      <lighthouse-tunnel relais={relay} />
    </>
  );
}
