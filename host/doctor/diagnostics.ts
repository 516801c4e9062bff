// The checks of `doctor`, in an order in which each check can rely on those before it.
import { lookup } from "node:dns/promises";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_HOST, entryKey, OPEN } from "../../wire/mod.ts";
import { Admissions } from "../access/admission.ts";
import { devicesFolder, readDevices } from "../access/devices.ts";
import { readIdentity } from "../access/host_key.ts";
import type { HostConfig } from "../config/config.ts";
import { formatService } from "../config/service_config.ts";
import { lookAt, type SeenService } from "../control/look.ts";
import type { HostStatus } from "../control/status.ts";
import { loadNative, NATIVE_VERSION } from "../peers/native.ts";
import { runChecks } from "../signalling/checks.ts";
import { openRegistry } from "../signalling/open_registry.ts";
import { objectUrl } from "../signalling/s3_object.ts";
import type { Finding } from "./finding.ts";
import { checkDevices, checkNetwork } from "./network_checks.ts";

/** The installation that is checked. */
export interface DoctorContext {
  config: HostConfig;
  /** The state folder. */
  state: string;
  /** The page that devices are paired with. */
  page: URL | undefined;
  /** The running host's status; undefined if no host runs. */
  status: HostStatus | undefined;
  /** The system service's state: see `unitState`. */
  service: () => Promise<Finding>;
}

/** Largest error of the clock, in milliseconds: offers are valid for two minutes. */
const MAX_SKEW_MS = 60_000;

/** Limit for checks without their own, in milliseconds. */
const DEADLINE_MS = 10_000;
const LOOP_MS = 45_000;

/** Runs all checks. It registers nothing, and removes what it creates. */
export async function* runDiagnostics(context: DoctorContext): AsyncGenerator<Finding> {
  const { config, state, page, status } = context;
  yield await look("webrtc", async () => {
    await loadNative();
    return `node-datachannel ${NATIVE_VERSION} loads`;
  });
  yield* checkState(state);
  yield await checkDns(config.relay);
  yield await checkClock(config.relay);
  yield* checkBackends(config, status);
  yield* checkNetwork(config, status);
  yield* checkRelay(config, state, status);
  if (config.registry.kind === "s3") {
    yield await checkCors(config.registry, config.region!, page);
  }
  yield* checkDevices(status);
  yield await context.service();
  yield await checkLoop(context);
}

async function* checkState(state: string): AsyncGenerator<Finding> {
  try {
    await access(state, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      yield { check: "state", ok: null, message: `${state} is not there: the first run makes it` };
    } else {
      const cure = "make it writable for you, or name another folder by --state";
      yield { check: "state", ok: false, message, cure };
    }
    return;
  }
  yield { check: "state", ok: true, message: state };
  if (!await exists(join(state, "host.key"))) {
    yield { check: "key", ok: null, message: "the host has no key yet: the first run makes one" };
    return;
  }
  yield await look("key", async () => {
    const { fingerprint } = await readIdentity(state);
    return `the host's key is its owner's alone; fingerprint ${fingerprint}`;
  });
}

async function checkDns({ hostname }: URL): Promise<Finding> {
  return await look("dns", async () => {
    const name = hostname.replace(/^\[|\]$/g, "");
    const addresses = await lookup(name, { all: true });
    return `${name} is ${addresses.map(({ address }) => address).join(", ")}`;
  }, "is there a network? A captive portal or a VPN may answer in place of the name server");
}

/** Compares the clock with the relay's, from the Date header (RFC 9110 §6.6.1). */
async function checkClock(relay: URL): Promise<Finding> {
  const check = "clock";
  let skew: number;
  try {
    const url = `${relay.protocol === "wss:" ? "https:" : "http:"}//${relay.host}/`;
    const before = Date.now();
    const response = await fetch(url, {
      method: "HEAD",
      redirect: "manual",
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    // The header has whole seconds.
    skew = Date.parse(response.headers.get("date") ?? "") + 500 - (before + Date.now()) / 2;
  } catch {
    return { check, ok: null, message: "no answer to compare it with" };
  }
  if (Number.isNaN(skew)) return { check, ok: null, message: "no answer to compare it with" };
  if (Math.abs(skew) <= MAX_SKEW_MS) {
    return { check, ok: true, message: "within a minute of the relay's" };
  }
  const off = `${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? "behind" : "ahead of"}`;
  return {
    check,
    ok: false,
    message: `this machine's clock is ${off} the relay's`,
    cure: "set it by the network: timedatectl set-ntp true, on macOS sudo sntp -sS time.apple.com",
  };
}

async function* checkBackends(
  { services }: HostConfig,
  status: HostStatus | undefined,
): AsyncGenerator<Finding> {
  // The host that runs may see other files and sockets than this process.
  const byHost = new Map(status?.services.map((each) => [each.service, each]));
  const known = services.map((service) => byHost.get(formatService(service)));
  const seen = known.every((each) => each !== undefined) ? known : await lookAt(services);
  for (const [at, service] of services.entries()) {
    yield judgeBackend(seen[at]!);
    if ("backend" in service && service.tls?.insecure) {
      yield {
        check: "certificate",
        ok: null,
        message:
          `the certificate of ${service.backend.origin} is not checked (insecure): others on ` +
          "the way to it can read and change everything",
        cure: "name its authority, or the certificate itself: ca=FILE",
      };
    }
  }
}

function judgeBackend({ service, isUp, trouble, hint, cure }: SeenService): Finding {
  const check = "backend";
  if (trouble) return { check, ok: false, message: `${service}: ${trouble}`, cure };
  if (isUp === null) return { check, ok: true, message: service };
  if (!isUp) {
    const message = `${service} takes no connection`;
    return { check, ok: false, message, cure: "start it, or correct its address" };
  }
  const message = `${service} takes connections`;
  return hint
    ? { check, ok: null, message: `${message}: ${hint}`, cure }
    : { check, ok: true, message };
}

async function* checkRelay(
  config: HostConfig,
  state: string,
  status: HostStatus | undefined,
): AsyncGenerator<Finding> {
  const registry = await openRegistry(config, () => readIdentity(state));
  let isWell = true;
  const host = config.registry.host ?? DEFAULT_HOST;
  const admissions = await Admissions.open({ state, host: () => host });
  const shown = { host, admission: await admissions.value() };
  for await (const result of runChecks(config.relay, registry, shown)) {
    const { name, ok, message, lacksCredentials } = result;
    if (status && lacksCredentials) {
      yield* trustHost(name, status);
      return;
    }
    isWell &&= ok;
    yield { check: name, ok, message };
  }
  if (!isWell) return;
  yield await look("registration", async () => {
    const { connectionId, admission } = await registry.read(AbortSignal.timeout(DEADLINE_MS));
    if (status?.phase === "online") {
      const who = describeAdmission(admission, admissions, config, state);
      return `${registry.name} names the host that runs; the relay ${who}`;
    }
    if (status) throw new Error(`the host is ${status.phase}: ${status.reason ?? "wait a moment"}`);
    return connectionId === undefined
      ? `${registry.name} names nobody, as it should while no host runs`
      : `${registry.name} names a host that has ended, or runs elsewhere`;
  });
}

/** The registration where only the host that runs, such as the system service, has AWS credentials. */
function* trustHost(check: string, { phase, reason }: HostStatus): Generator<Finding> {
  const message = "not tried: this shell has no AWS credentials. The host that runs has its own";
  yield { check, ok: null, message };
  const isOnline = phase === "online";
  yield {
    check: "registration",
    ok: isOnline,
    message: isOnline
      ? "the host that runs says that it is registered"
      : `the host that runs is ${phase}: ${reason ?? "wait a moment"}`,
  };
}

/** Whom the relay gives a connection. */
function describeAdmission(
  registered: string | undefined,
  admissions: Admissions,
  config: HostConfig,
  state: string,
): string {
  if (registered === undefined) return "is of an earlier version, and gives strangers connections";
  if (registered !== OPEN) return "refuses all whom this host has not invited";
  if (config.public.length > 0) return "gives strangers connections, which --public needs";
  const names = admissions.lacking(readDevices(devicesFolder(state))).map(({ name }) => name);
  const until = names.length === 0 ? "a pairing link has ended" : `${names.join(", ")} connect`;
  return `gives strangers connections until ${until}`;
}

/** Checks the entry that pages may read, if the stack allows it. */
async function checkCors(
  { bucket, host }: { bucket: string; host: string },
  region: string,
  page: URL | undefined,
): Promise<Finding> {
  const check = "cors";
  if (!page) {
    const message = "not checked: --page says which page reads the entry";
    return { check, ok: null, message };
  }
  const { origin } = page;
  let response: Response;
  try {
    response = await fetch(objectUrl({ bucket, key: entryKey(host), region }), {
      headers: { origin },
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    await response.body?.cancel();
  } catch (error) {
    return { check, ok: false, message: `the bucket does not answer: ${reasonOf(error)}` };
  }
  if (response.status === 403) {
    const message = "pages may not read the bucket (publicRegistry is off), and ask the relay";
    return { check, ok: null, message };
  }
  const allowed = response.headers.get("access-control-allow-origin");
  if (allowed === "*" || allowed === origin) {
    return { check, ok: true, message: `${origin} may read the entry` };
  }
  return {
    check,
    ok: false,
    message: `the bucket does not let ${origin} read the entry`,
    cure: "add it to the stack's setting origins, and pulumi up",
  };
}

async function checkLoop({ config, state, status }: DoctorContext): Promise<Finding> {
  const check = "loop";
  if (!status) {
    const message = "not tried, since no host runs with this state folder: lighthouse-host run";
    return { check, ok: null, message };
  }
  const { relay, ice, registry, services } = config;
  const target = services[0]!.prefix;
  return await look(check, async () => {
    // It loads WebRTC, which may be missing.
    const { runLoop } = await import("./loop.ts");
    const identity = await readIdentity(state);
    const signal = AbortSignal.timeout(LOOP_MS);
    const { host } = registry;
    const admissions = await Admissions.open({ state, host: () => host ?? DEFAULT_HOST });
    const result = await runLoop({
      relay,
      ice,
      state,
      identity,
      target,
      signal,
      host,
      admission: await admissions.value(),
    });
    return `a page's way, from the relay to GET ${target}: ${result.status} ` +
      `in ${Math.round(result.ms)} ms`;
  });
}

async function look(
  check: string,
  work: () => Promise<string>,
  cure?: string,
): Promise<Finding> {
  try {
    return { check, ok: true, message: await work() };
  } catch (error) {
    return { check, ok: false, message: reasonOf(error), cure };
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && message === "fetch failed" ? cause.message : message;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}
