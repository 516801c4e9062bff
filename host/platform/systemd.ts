// The host as a systemd service: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
// docs/service.md explains each line, and the limits.
import type { UnitOptions } from "./unit_options.ts";

/** The unit's name. */
export const UNIT = "lighthouse-host.service";

/** Most memory of the host. Beyond it, the kernel ends the host, and systemd starts it anew. */
const MEMORY_MAX = "1536M";

/** Limits for a compromised program. */
const FILTERS = [
  "NoNewPrivileges=yes",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  "KeyringMode=private",
  "UMask=0077",
  // Netlink lists this machine's addresses; systemd-notify and the journal use UNIX sockets.
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged @resources",
  "SystemCallErrorNumber=EPERM",
];

const PRIVATE_TMP = "PrivateTmp=yes";

/** Limits by namespaces: the service gets its own view of files, devices and processes. */
const NAMESPACES = [
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "ProtectSystem=strict",
  "ProtectHome=read-only",
  PRIVATE_TMP,
  "PrivateDevices=yes",
  "DevicePolicy=closed",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectProc=invisible",
  "ProcSubset=pid",
  "RemoveIPC=yes",
];

/**
 * Returns a systemd unit.
 *
 * @param options With `user`, a unit of the system that runs as that user; without, a unit of this user.
 */
export function formatSystemdUnit(options: UnitOptions): string {
  const { command, state, environment, user } = options;
  // PrivateTmp would hide a program or state folder that is in /tmp.
  const isInTmp = [...command, state, ...Object.values(environment)]
    .some((path) => /^\/(?:var\/)?tmp\//.test(path));
  const view = NAMESPACES.filter((line) => !(isInTmp && line === PRIVATE_TMP));
  const lines = [
    "[Unit]",
    "Description=Lighthouse host: a backend on this machine, for the browsers it has invited",
    // No network-online.target: the host itself waits for the network.
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=notify",
    // systemd-notify sends the host's messages, since Node.js has no UNIX datagram sockets.
    "NotifyAccess=all",
    `ExecStart=${command.map(quote).join(" ")}`,
    ...Object.entries(environment).map(([name, value]) =>
      `Environment=${quoteAssignment(`${name}=${value}`)}`
    ),
    ...user === undefined ? [] : [`User=${user}`],
    "Restart=on-failure",
    "RestartSec=2",
    "RestartSteps=6",
    "RestartMaxDelaySec=120",
    // Exit codes for wrong settings and for another host in its place: a restart does not help.
    "RestartPreventExitStatus=2 3",
    "WatchdogSec=120",
    "TimeoutStopSec=20",
    // Half more than all that the host bounds for pages, docs/security.md, "What one device can hold".
    // MemoryHigh would slow it down in place of starting it anew: it has little that can be swapped.
    `MemoryMax=${MEMORY_MAX}`,
    "",
    ...FILTERS,
    ...options.hasNamespaces ? [`ReadWritePaths=${quoteAssignment(state)}`, ...view] : [],
    // A user's manager can do this only in a user namespace.
    ...options.hasNamespaces && user === undefined ? ["PrivateUsers=yes"] : [],
    "",
    "[Install]",
    `WantedBy=${user === undefined ? "default" : "multi-user"}.target`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Escapes a word of ExecStart, where `$` and `%` are special. */
function quote(word: string): string {
  return quoteAssignment(word.replaceAll("$", "$$$$"));
}

/** Escapes a word elsewhere, where `%` is special. */
function quoteAssignment(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return /^[\w./:@=,+-]+$/.test(escaped.replaceAll("%%", "")) ? escaped : `"${escaped}"`;
}
