// Adapts an app's Content-Security-Policy (https://www.w3.org/TR/CSP3/) to the script that the worker puts
// into its documents, and to what passes by service workers.

/** What a document's policies must allow, and forbid. */
export interface PolicyOptions {
  /**
   * The URLs of the script that is put into the document, and of the service worker: Firefox takes what a
   * worker answers for the worker's own.
   */
  scripts: readonly string[];
  /** The URL of the frame that saves what a link names. */
  save: string;
  /** Where forms may lead; undefined if anywhere. */
  forms?: string;
  /** Whether the document is in a frame of the shell, whose owner the app cannot know. */
  isFramed: boolean;
  /** The hosts, with their ports, by which the app knows itself: its documents come from this site. */
  backends: readonly string[];
  /** Makes a nonce that nobody can guess. */
  makeNonce?: () => string;
}

/** A policy's directives in their order: names in lower case, and values. */
type Policy = Map<string, string[]>;

const ENFORCED = "content-security-policy";
const REPORTED = "content-security-policy-report-only";

/** Directives that send reports past the worker, to the site's own server. */
const REPORTS = ["report-uri", "report-to"];

/** What decides about the script's element, the first one that a policy has. */
const SCRIPTS = ["script-src-elem", "script-src", "default-src"];

/** The same for frames. */
const FRAMES = ["frame-src", "child-src", "default-src"];

/**
 * Changes the policies in a document's headers.
 *
 * @returns The nonce that the script's element needs, if any.
 */
export function adaptPolicies(headers: Headers, options: PolicyOptions): string | undefined {
  const enforced = parsePolicies(headers.get(ENFORCED));
  const reported = parsePolicies(headers.get(REPORTED));
  const all = [...enforced, ...reported];
  const isSandboxed = enforced.some((policy) => isOpaque(policy.get("sandbox")));
  for (const policy of all) {
    for (const name of REPORTS) policy.delete(name);
    if (options.isFramed) policy.delete("frame-ancestors");
    addSelf(policy, options.backends);
    allowFrame(policy, options.save);
  }
  const nonce = allowScript(all, options);
  enforced.push(ownPolicy(options, isSandboxed));
  write(headers, ENFORCED, enforced);
  write(headers, REPORTED, reported);
  return nonce;
}

function parsePolicies(header: string | null): Policy[] {
  return (header ?? "").split(",").map((text) => {
    const policy: Policy = new Map();
    for (const part of text.split(";")) {
      const [name, ...values] = part.trim().split(/\s+/);
      const lower = name!.toLowerCase();
      // Browsers ignore what a policy says twice.
      if (lower && !policy.has(lower)) policy.set(lower, values);
    }
    return policy;
  }).filter(({ size }) => size > 0);
}

function write(headers: Headers, name: string, policies: Policy[]): void {
  headers.delete(name);
  for (const policy of policies) {
    const text = [...policy].map(([name, values]) => [name, ...values].join(" ")).join("; ");
    if (text) headers.append(name, text);
  }
}

/** Whether a policy's `sandbox` gives the document an origin of its own, which has no service worker. */
function isOpaque(sandbox: string[] | undefined): boolean {
  return sandbox?.every((value) => value.toLowerCase() !== "allow-same-origin") ?? false;
}

function ownPolicy({ forms, isFramed }: PolicyOptions, isSandboxed: boolean): Policy {
  const policy: Policy = new Map();
  // Without a worker, all that this document asks for would go to the site's server.
  if (isSandboxed) {
    policy.set("default-src", ["data:", "blob:", "'unsafe-inline'", "'unsafe-eval'"]);
  }
  // Plugins pass by workers. What a script has made needs no server.
  policy.set("object-src", ["data:", "blob:"]);
  if (isSandboxed) policy.set("form-action", ["'none'"]);
  else if (forms !== undefined) policy.set("form-action", [forms]);
  if (isFramed) policy.set("frame-ancestors", ["'self'"]);
  return policy;
}

/** An app that names its own host in its policy means the documents' origin, which is this site. */
function addSelf(policy: Policy, backends: readonly string[]): void {
  for (const [name, values] of policy) {
    if (!/-src(?:-elem|-attr)?$|^form-action$/.test(name)) continue;
    const isNamed = values.some((value) =>
      backends.includes(value.replace(/^(?:https?|wss?):\/\//i, "").replace(/\/.*$/, ""))
    );
    if (isNamed && !values.some((value) => value.toLowerCase() === "'self'")) values.push("'self'");
  }
}

/** Lets the script in, and no other of the app's that the policies keep out. @returns Its nonce, if it needs one. */
function allowScript(policies: Policy[], { scripts, makeNonce = randomNonce }: PolicyOptions) {
  const lists = policies.map(scriptList).filter((list) => list !== undefined);
  let [nonce] = lists.flatMap(noncesOf);
  for (const list of lists) {
    const none = list.findIndex((value) => value.toLowerCase() === "'none'");
    if (none >= 0) list.splice(none, 1);
    // A URL means nothing beside 'strict-dynamic', and a nonce takes its meaning from 'unsafe-inline'.
    const needsNonce = list.some((value) => /^'(?:nonce-|sha\d+-|strict-dynamic')/i.test(value));
    if (!needsNonce) {
      list.push(...scripts);
    } else {
      nonce ??= makeNonce();
      if (!noncesOf(list).includes(nonce)) list.push(`'nonce-${nonce}'`);
    }
  }
  return nonce;
}

/** Lets a frame of the script's in, and no other. */
function allowFrame(policy: Policy, url: string): void {
  const name = FRAMES.find((name) => policy.has(name));
  const list = name && policy.get(name)!.filter((value) => value.toLowerCase() !== "'none'");
  if (list && !list.some((value) => /^(?:'self'|\*)$/i.test(value))) {
    policy.set("frame-src", [...list, url]);
  }
}

/** The sources of a policy's script elements, ready to be added to; undefined if all are allowed. */
function scriptList(policy: Policy): string[] | undefined {
  const name = SCRIPTS.find((name) => policy.has(name));
  if (name === undefined) return undefined;
  if (name !== "default-src") return policy.get(name)!;
  const list = [...policy.get(name)!];
  policy.set("script-src", list);
  return list;
}

function noncesOf(list: string[]): string[] {
  return list.flatMap((value) => /^'nonce-(.+)'$/i.exec(value)?.[1] ?? []);
}

function randomNonce(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))));
}
