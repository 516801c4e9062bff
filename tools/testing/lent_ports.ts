// For tests in namespaces: what listens on loopback here is reached on loopback there, and the other way.
// The bytes go through sockets of the file system, which all namespaces share, so that no network between
// them is needed, and none counts as one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./temporary_folder.ts";

const MAIN = fileURLToPath(new URL("lent_ports_main.ts", import.meta.url));

/** Where a part of the way listens, and where it leads: a port of 127.0.0.1, or a socket's path. */
type End = number | string;

/**
 * Lends ports to a namespace.
 *
 * @param there The command that runs programs there, such as `["ip", "netns", "exec", NAME]`.
 * @param borrowed Ports there that are reached here, in the other direction.
 */
export async function lendPorts(
  there: string[],
  ports: number[],
  borrowed: number[] = [],
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder();
  const path = (port: number) => join(folder, String(port));
  for (const port of ports) stack.use(await forward(path(port), port));
  for (const port of borrowed) stack.use(await forward(port, path(port)));
  const ways = [
    ...ports.map((port): [End, End] => [port, path(port)]),
    ...borrowed.map((port): [End, End] => [path(port), port]),
  ];
  const [command, ...args] = [...there, process.execPath, MAIN, JSON.stringify(ways)];
  const child = spawn(command!, args, { stdio: ["ignore", "pipe", "inherit"] });
  stack.defer(() => void child.kill());
  await once(child.stdout!, "data");
  const parts = stack.move();
  return { [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Leads connections from one place to another. */
export async function forward(from: End, to: End): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = typeof to === "string"
      ? connect({ path: to, allowHalfOpen: true })
      : connect({ port: to, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      open.add(socket);
      socket.on("error", () => other.destroy()).on("close", () => open.delete(socket));
      socket.pipe(other);
    }
  });
  if (typeof from === "string") server.listen(from);
  else server.listen(from, "127.0.0.1");
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
