// Runs on the host's machine: its backend, whose URL it prints, and the ways to the world's servers. Its
// argument is a `Forwarding` as JSON. It ends with its standard input.
import { createHash } from "node:crypto";
import process from "node:process";
import { bytesOf, startBenchBackend } from "../bench/backend.ts";
import { payloadParts } from "../bench/payload.ts";
import { type Forwarding, forwardPorts } from "./forward.ts";

await forwardPorts(JSON.parse(process.argv[2]!) as Forwarding);
const { url } = await startBenchBackend({
  "GET /lab/hash": (request, response) => {
    const hash = createHash("sha256");
    for (const part of payloadParts(bytesOf(request), 64 * 1024)) hash.update(part);
    response.end(hash.digest("hex"));
  },
});
console.log(url);
process.stdin.on("end", () => process.exit(0)).resume();
