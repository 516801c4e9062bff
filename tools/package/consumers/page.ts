// A page without a framework, as TypeScript sees it.
import "lighthouse-tunnel";
import {
  LighthouseError,
  LighthouseTunnel,
  type StateChangeEvent,
  type TunnelState,
} from "lighthouse-tunnel/element";

const tunnel = document.querySelector("lighthouse-tunnel")!;
tunnel.relay = "wss://relay.example/prod";
tunnel.addEventListener("statechange", (event) => {
  const state: TunnelState = event.state;
  // @ts-expect-error: a state is none of these.
  if (state === "online") console.log(event.previous);
});
tunnel.addEventListener("devicechange", ({ device }) => console.log(device?.name));
tunnel.addEventListener("click", ({ clientX }) => console.log(clientX));
tunnel.addEventListener("custom", (event: Event) => console.log(event.type));
const listen = ({ reason }: StateChangeEvent) => console.log(reason);
tunnel.addEventListener("statechange", listen, { once: true });
tunnel.removeEventListener("statechange", listen);

await tunnel.ready;
const answer: Response = await tunnel.fetch("/notes", { method: "POST", body: "Hello" });
const socket = tunnel.socket("/live");
socket.addEventListener("message", ({ data }) => console.log(data));
// @ts-expect-error: an attribute's name is no property.
tunnel["host-key"] = "";

const made: LighthouseTunnel = document.createElement("lighthouse-tunnel");
console.log(made, answer.status, tunnel.error instanceof LighthouseError && tunnel.error.code);
