// Each flag of `lighthouse-host`, once: what is read, what help shows, what shells complete.

/** A flag as people know it. */
export interface Flag {
  /** What its value is, as help names it; undefined for a switch. */
  value?: string;
  /** Whether it may be given several times. */
  repeats?: boolean;
  /** A switch that is on unless `--no-…` is given. */
  isOn?: boolean;
  /** The letter that may stand for it. */
  short?: string;
  /** What it is for, in a few words. */
  summary: string;
  /** What holds without it. */
  otherwise?: string;
  /** The variable that says the same. */
  environment?: string;
}

/** All flags, by name. */
export const FLAGS = {
  relay: {
    value: "URL",
    summary: "the relay's WebSocket URL",
    environment: "LIGHTHOUSE_RELAY",
  },
  backend: {
    value: "URL",
    summary: "the backend that pages reach at /",
    environment: "LIGHTHOUSE_BACKEND",
  },
  service: {
    value: "PATH=URL|FOLDER",
    repeats: true,
    summary: "what pages reach under a path",
    environment: "LIGHTHOUSE_SERVICES (commas or line ends between)",
  },
  function: {
    value: "NAME",
    summary: "the relay's Lambda",
    otherwise: "SignalingRelay",
    environment: "LIGHTHOUSE_FUNCTION",
  },
  registry: {
    value: "NAME",
    summary: "lambda-env or s3, as the stack has it",
    otherwise: "lambda-env",
    environment: "LIGHTHOUSE_REGISTRY",
  },
  bucket: {
    value: "NAME",
    summary: "with s3: the stack's bucket",
    environment: "LIGHTHOUSE_BUCKET",
  },
  host: {
    value: "NAME",
    summary: "with s3: this host's name",
    otherwise: "laptop",
    environment: "LIGHTHOUSE_HOST",
  },
  region: {
    value: "REGION",
    summary: "its AWS region",
    otherwise: "AWS_REGION or the profile's",
    environment: "LIGHTHOUSE_REGION",
  },
  stun: {
    value: "SERVER",
    repeats: true,
    summary: "stun:host:port, or none",
    otherwise: "a public server",
    environment: "LIGHTHOUSE_STUN",
  },
  public: {
    value: "PATH",
    repeats: true,
    summary: "anybody reaches the services under it, unpaired",
    environment: "LIGHTHOUSE_PUBLIC",
  },
  inspect: {
    value: "PORT",
    summary: "show requests on a page at 127.0.0.1:PORT, 0 for any port",
    environment: "LIGHTHOUSE_INSPECT",
  },
  metrics: {
    value: "PORT",
    summary: "numbers for Prometheus at http://127.0.0.1:PORT/metrics",
    otherwise: "on the control socket alone",
    environment: "LIGHTHOUSE_METRICS",
  },
  "log-level": {
    value: "LEVEL",
    summary: "debug, info, warn or error: debug has a line for each request",
    otherwise: "info",
    environment: "LIGHTHOUSE_LOG_LEVEL",
  },
  page: {
    value: "URL",
    summary: "the page that devices pair with",
    environment: "LIGHTHOUSE_PAGE",
  },
  name: {
    value: "NAME",
    summary: "what the device will be called",
    otherwise: "what it calls itself",
  },
  for: {
    value: "PATH",
    repeats: true,
    summary: "the services under it are all that the device reaches",
  },
  wait: {
    isOn: true,
    summary: "wait until the device is there, rather than print the link and end",
  },
  system: { summary: "a service of the system's, not yours; with sudo" },
  print: { summary: "print the service's file, and install nothing" },
  follow: { short: "f", summary: "go on with what it says from now on" },
  lines: { value: "N", short: "n", summary: "how many lines", otherwise: "50" },
  state: {
    value: "FOLDER",
    summary: "where host key and devices are kept",
    otherwise: "~/.local/state/lighthouse, on macOS ~/Library/Application Support/lighthouse",
    environment: "LIGHTHOUSE_STATE",
  },
  json: { summary: "one JSON object a line" },
  help: { short: "h", summary: "say what a command does" },
  version: { short: "v", summary: "print the version" },
} as const satisfies Record<string, Flag>;

/** A flag's name. */
export type FlagName = keyof typeof FLAGS;

/** What flags say: undefined where one is not given. */
export type FlagValues = {
  [name in FlagName]: typeof FLAGS[name] extends { repeats: true } ? string[] | undefined
    : typeof FLAGS[name] extends { value: string } ? string | undefined
    : boolean | undefined;
};

/** A flag as it is written: `--relay URL`, `--no-wait`. */
export function formatFlag(name: FlagName): string {
  const { value, isOn }: Flag = FLAGS[name];
  if (value !== undefined) return `--${name} ${value}`;
  return isOn ? `--no-${name}` : `--${name}`;
}
