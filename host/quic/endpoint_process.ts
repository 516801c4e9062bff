// Runs the QUIC endpoint (endpoint.ts), and takes the streams of pages from it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { devNull } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { QuicCertificate } from "./certificate.ts";

/** What the endpoint gets on its standard input, as a line of JSON. */
export interface EndpointSettings {
  /** As PEM. */
  certificate: string;
  /** As PEM. */
  key: string;
  /** The UDP port to bind; 0 for any. */
  port: number;
  /** The TCP port of this machine that takes the streams. */
  target: number;
}

/** What it says when it is bound. */
export interface EndpointReady {
  /** Its UDP port. */
  port: number;
}

/** Options of {@linkcode EndpointProcess.start}. */
export interface EndpointOptions {
  /** The path of Deno's program. */
  deno: string;
  certificate: QuicCertificate;
  /** The UDP port to bind. @default any */
  port?: number;
  /** Takes the streams of pages. Nobody has checked who they are. */
  onStream: (socket: Socket) => void;
}

/** The source beside this file, or in the package the bundle beside this one. */
const PROGRAM = new URL(
  import.meta.url.endsWith(".ts") ? "./endpoint.ts" : "./quic_endpoint.js",
  import.meta.url,
);

/** No files, no variables, no other code. The program gives up `ffi` before it takes a connection. */
const FLAGS = [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-check",
  "--unstable-net",
  "--allow-ffi",
];

/** Time for it to start, and to end by itself, in milliseconds. */
const START_MS = 15_000;
const END_MS = 2_000;

/** Most streams at once; each costs a socket. */
const MAX_STREAMS = 1024;

/** A running endpoint. */
export class EndpointProcess {
  /** Its UDP port. */
  readonly port: number;
  readonly certificate: QuicCertificate;
  /** Resolves when it has ended, with what it has said last. */
  readonly ended: Promise<string>;
  readonly #close: () => void;

  private constructor(
    port: number,
    { certificate }: EndpointOptions,
    ended: Promise<string>,
    close: () => void,
  ) {
    this.port = port;
    this.certificate = certificate;
    this.ended = ended;
    this.#close = close;
  }

  /** Starts it. @throws {Error} If it does not start, with what it says. */
  static async start(options: EndpointOptions): Promise<EndpointProcess> {
    const { deno, certificate, port = 0, onStream } = options;
    const server = createServer({ noDelay: true }, onStream);
    server.maxConnections = MAX_STREAMS;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    // Such as of a connection that it cannot accept, for lack of descriptors.
    server.on("error", () => {});
    const target = portOf(server);
    const child = spawn(deno, [...FLAGS, allowed(port, target), fileURLToPath(PROGRAM)], {
      stdio: ["pipe", "pipe", "pipe"],
      env: environment(),
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(0, 1000);
    });
    const close = () => {
      child.stdin.end();
      server.close();
      setTimeout(() => {
        child.kill("SIGKILL");
        child.stdout.destroy();
        child.stderr.destroy();
      }, END_MS).unref();
    };
    // In npm's package, `deno` may be a script that has Deno as its child: the input ends that one, too.
    child.on("exit", close);
    const ended = new Promise<string>((resolve) => {
      child.on("error", ({ message }) => resolve(message));
      child.on("close", (code, signal) => resolve(firstLine(said) || `${signal ?? code}`));
    });
    child.stdin.on("error", () => {});
    const { certificate: cert, key } = certificate;
    const settings: EndpointSettings = { certificate: cert, key, port, target };
    child.stdin.write(`${JSON.stringify(settings)}\n`);
    const timer = setTimeout(close, START_MS);
    try {
      const [line] = await Promise.race([
        once(createInterface({ input: child.stdout }), "line") as Promise<[string]>,
        ended.then((why) => {
          throw new Error(why);
        }),
      ]);
      const ready = JSON.parse(line) as EndpointReady;
      return new EndpointProcess(ready.port, options, ended, close);
    } catch (error) {
      close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it, and with it all of its connections. */
  async close(): Promise<void> {
    this.#close();
    await this.ended;
  }
}

/** It may bind its port, and connect to this process. */
function allowed(port: number, target: number): string {
  return `--allow-net=[::]:${port},0.0.0.0:${port},127.0.0.1:${target}`;
}

/** Without this process's variables, some of which are secrets. Deno keeps no files. */
function environment(): Record<string, string | undefined> {
  const { PATH, SystemRoot } = process.env;
  return { PATH, SystemRoot, DENO_DIR: devNull, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0]!.replace(/^error: /, "");
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("The server has no port");
  return address.port;
}
