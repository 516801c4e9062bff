// The part of lent_ports.ts that runs in the namespace. Its argument has the ways as JSON.
import process from "node:process";
import { forward } from "./lent_ports.ts";

const ways = JSON.parse(process.argv[2]!) as Parameters<typeof forward>[];
for (const [from, to] of ways) await forward(from, to);
console.log("ready");
