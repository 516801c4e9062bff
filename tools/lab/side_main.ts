// Runs on a machine of the lab. Servers of the world listen on 127.0.0.1 of their own machine only, so
// their ports are here, too: what connects to one is led over the network. With `backend`, it starts the
// host's backend, and prints its URL.
import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";
import process from "node:process";
import { startBenchBackend } from "../bench/backend.ts";
import { payloadParts } from "../bench/payload.ts";

const [addressAndPorts, backend] = process.argv.slice(2);
const { listen, to, ports } = JSON.parse(addressAndPorts!) as SideOptions;

/** Which ports lead where. */
export interface SideOptions {
  /** Addresses of this machine. */
  listen: string[];
  /** The address of the machine that has them. */
  to: string;
  ports: number[];
}

for (const address of listen) {
  for (const port of ports) {
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port, host: to, noDelay: true });
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    });
    await new Promise<void>((resolve) => server.listen(port, address, resolve));
  }
}
if (backend) {
  const { url } = await startBenchBackend({
    "GET /lab/hash": (_request, response, bytes) => {
      const hash = createHash("sha256");
      for (const part of payloadParts(bytes, 64 * 1024)) hash.update(part);
      response.end(hash.digest("hex"));
    },
  });
  console.log(url);
} else console.log("ready");
