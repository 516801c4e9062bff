// For tests: a real TURN server on loopback, Debian's coturn.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createCertificate } from "./certificate.ts";
import { findDebianProgram } from "./debian_program.ts";
import { freePort } from "./listen.ts";
import { RunningProgram } from "./program.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { until } from "./until.ts";

/** Options of {@linkcode startCoturn}. */
export interface CoturnOptions {
  /** The secret of `use-auth-secret`. @default the user `u` with the password `p` */
  secret?: string;
  /** Whether clients reach it over UDP. @default true */
  udp?: boolean;
  /** Its address. @default 127.0.0.1 */
  address?: string;
  /** Further addresses at which it listens. @default none */
  further?: string[];
  /** A command before it, such as `ip netns exec NAME`. @default none */
  before?: string[];
  /** The port for UDP and TCP, and that for TLS. @default free ones */
  ports?: { plain: number; tls: number };
}

/** A running coturn. Its disposal ends it. */
export interface Coturn extends AsyncDisposable {
  address: string;
  /** The port for UDP and TCP. */
  port: number;
  tlsPort: number;
  /** The certificate of its authority, as PEM. */
  ca: string;
  /** What it has logged. */
  readonly log: string;
}

/** Starts coturn. It relays for peers on loopback too. */
export async function startCoturn(options: CoturnOptions = {}): Promise<Coturn> {
  const { secret, udp = true, address = "127.0.0.1", further = [], before = [] } = options;
  const { plain, tls } = options.ports ?? { plain: await freePort(), tls: await freePort() };
  const folder = temporaryFolder();
  const { cert, key } = createCertificate({ names: [address] });
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const credentials = secret === undefined
    ? ["lt-cred-mech", "user=u:p"]
    : ["use-auth-secret", `static-auth-secret=${secret}`];
  // Secrets are not for a command line, not even in tests.
  const config = file(
    "turnserver.conf",
    [
      ...[address, ...further].map((each) => `listening-ip=${each}`),
      `relay-ip=${address}`,
      `listening-port=${plain}`,
      `tls-listening-port=${tls}`,
      `cert=${file("cert.pem", cert)}`,
      `pkey=${file("key.pem", key)}`,
      ...credentials,
      ...udp ? [] : ["no-udp"],
      "realm=lighthouse.test",
      "allow-loopback-peers",
      "no-dtls",
      "no-cli",
      "fingerprint",
      "simple-log",
      "log-file=stdout",
      "verbose",
      `pidfile=${join(folder, "pid")}`,
      `userdb=${join(folder, "db")}`,
    ].join("\n"),
  );
  const [program, ...args] = [...before, findDebianProgram("turnserver"), "-c", config];
  const child = spawn(program!, args, { stdio: ["ignore", "pipe", "pipe"] });
  const running = new RunningProgram(child);
  if (before.length === 0) await until(() => isOpen(plain, address));
  else await running.until(/IPv4.*listener opened on/, 2);
  return {
    address,
    port: plain,
    tlsPort: tls,
    ca: cert,
    get log() {
      return running.lines.join("\n");
    },
    async [Symbol.asyncDispose]() {
      running.child.kill();
      await running.exited;
    },
  };
}

function isOpen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host }, () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
