// Runs in the namespace of a long link: leads a Unix socket, which is the same in all namespaces, to a port
// of 127.0.0.1 there. It ends with the namespace.
//
//     node door.ts SOCKET PORT
import process from "node:process";
import { forward } from "../testing/forward.ts";

const [path, port] = process.argv.slice(2);
await forward({ path }, { port: Number(port), host: "127.0.0.1" });
console.log("open");
