// The host as a systemd service: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
// What each line is for, and what none can do: docs/service.md.
import type { UnitOptions } from "./unit_options.ts";

/** The unit's name. */
export const UNIT = "lighthouse-host.service";

/** What keeps a program that has been taken over from the rest of the machine. */
const FILTERS = [
  "NoNewPrivileges=yes",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  "KeyringMode=private",
  "UMask=0077",
  // Netlink tells which addresses this machine has; systemd-notify and the journal are on UNIX sockets.
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged @resources",
  "SystemCallErrorNumber=EPERM",
];

const PRIVATE_TMP = "PrivateTmp=yes";

/** The same, by a view of its own of files, devices and processes. */
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
 * A systemd unit.
 *
 * @param options `user` makes it a unit of the system's that runs as that user; without, it is one of
 * the user's own.
 */
export function formatSystemdUnit(options: UnitOptions): string {
  const { command, state, environment, user } = options;
  // With folders of its own in their place, it would find nothing of what it has there.
  const isInTmp = [...command, state, ...Object.values(environment)]
    .some((path) => /^\/(?:var\/)?tmp\//.test(path));
  const view = NAMESPACES.filter((line) => !(isInTmp && line === PRIVATE_TMP));
  const lines = [
    "[Unit]",
    "Description=Lighthouse host: a backend on this machine, for the browsers it has invited",
    // The host itself waits for the network, however long that takes.
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=notify",
    // systemd-notify speaks for the host, whose runtime has no datagram sockets of UNIX.
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
    // Wrong settings, and another host in this one's place: no start mends that.
    "RestartPreventExitStatus=2 3",
    "WatchdogSec=120",
    "TimeoutStopSec=20",
    "",
    ...FILTERS,
    ...options.hasNamespaces ? [`ReadWritePaths=${quoteAssignment(state)}`, ...view] : [],
    // A user's own manager has no right to do that but in a namespace where it is root.
    ...options.hasNamespaces && user === undefined ? ["PrivateUsers=yes"] : [],
    "",
    "[Install]",
    `WantedBy=${user === undefined ? "default" : "multi-user"}.target`,
  ];
  return `${lines.join("\n")}\n`;
}

/** A word of ExecStart, in which `$` and `%` mean something. */
function quote(word: string): string {
  return quoteAssignment(word.replaceAll("$", "$$$$"));
}

/** A word elsewhere, in which `%` means something. */
function quoteAssignment(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return /^[\w./:@=,+-]+$/.test(escaped.replaceAll("%%", "")) ? escaped : `"${escaped}"`;
}
