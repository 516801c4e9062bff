// Which file may import what: folders in one direction, libraries and platforms only from their
// owners, and nothing in a circle. docs/architecture.md has the drawing, and the table of owners,
// which `npm run build` writes from here.
import { posix } from "node:path";
import ts from "typescript";
import { isTest, type Sources } from "./sources.ts";

/** For each folder, which files outside of it its own may import. */
const ALLOWED: Record<string, (imported: string) => boolean> = {
  wire: () => false,
  relay: (imported) => ENVELOPE.has(imported),
  // The relay's core is part of `dev`.
  host: (imported) =>
    ["wire/mod.ts", "package.json", "relay/registry.ts", "relay/relay.ts"].includes(imported),
  components: (imported) => imported === "wire/mod.ts",
  stack: () => false,
  tools: () => true,
};

/** The part of wire/ that the relay needs: envelope, admissions, a host's entry and registration, and what they import. */
const ENVELOPE = new Set([
  "wire/base64url.ts",
  "wire/error.ts",
  "wire/limits.ts",
  "wire/parse.ts",
  "wire/signal/admission.ts",
  "wire/signal/envelope.ts",
  "wire/signal/host_entry.ts",
  "wire/signal/registration.ts",
]);

/** A library or a part of a platform, and the files that may use it. */
export interface Owner {
  /** Its name in the table. */
  name: string;
  /** Packages and modules of Node.js, as imports name them. */
  modules?: string[];
  /** Globals, such as `indexedDB`, and members of them, such as `navigator.locks`. */
  globals?: string[];
  /** Paths from the root. `*` stands for any characters but `/`. */
  files: string[];
}

/** All of them. A package without an owner is refused, and so is an owner that does not use it. */
export const OWNERS: readonly Owner[] = [
  { name: "AWS Lambda", modules: ["node:process"], files: ["relay/main.ts"] },
  {
    name: "aws4fetch",
    modules: ["aws4fetch"],
    files: ["host/setup/aws_account.ts", "host/signalling/s3_object.ts"],
  },
  {
    name: "the AWS SDK",
    modules: ["@aws-sdk/client-lambda", "@aws-sdk/credential-provider-node"],
    files: [
      "host/setup/aws_account.ts",
      "host/signalling/registry_lambda.ts",
      "host/signalling/s3_object.ts",
    ],
  },
  { name: "Pulumi", modules: ["@pulumi/pulumi", "@pulumi/aws"], files: ["stack/*.ts"] },
  {
    name: "Pulumi's Automation API",
    modules: ["@pulumi/pulumi/automation/index.js"],
    files: ["host/setup/pulumi.ts"],
  },
  {
    name: "questions at a terminal",
    modules: ["node:readline/promises"],
    files: ["host/setup/questions.ts"],
  },
  {
    name: "node-datachannel",
    modules: ["node-datachannel"],
    files: ["host/peers/native.ts", "host/peers/peer.ts"],
  },
  {
    name: "ws",
    modules: ["ws"],
    files: ["host/dev/relay.ts", "host/proxy/websocket*.ts", "host/signalling/relay_socket.ts"],
  },
  {
    name: "HTTP in Node.js",
    modules: ["node:http", "node:https"],
    files: [
      "host/control/look.ts",
      "host/control/metrics.ts",
      "host/control/server.ts",
      "host/control/socket.ts",
      "host/dev/relay.ts",
      "host/dev/server.ts",
      "host/inspector/server.ts",
      "host/platform/loopback.ts",
      "host/proxy/agents.ts",
      "host/proxy/error_response.ts",
      "host/proxy/exchange.ts",
      "host/proxy/gathered_writes.ts",
      "host/proxy/static_files.ts",
      "host/proxy/websocket.ts",
    ],
  },
  {
    name: "TLS in Node.js",
    modules: ["node:tls"],
    files: [
      "host/doctor/turn.ts",
      "host/ice/turn_over_tcp.ts",
      "host/proxy/connection_options.ts",
    ],
  },
  {
    name: "zlib",
    modules: ["node:zlib"],
    files: ["host/ice/tie_breaker.ts", "host/proxy/decoding.ts"],
  },
  {
    name: "UDP and DNS",
    modules: ["node:dgram", "node:dns/promises"],
    files: ["host/doctor/*.ts", "host/ice/turn_over_tcp.ts", "host/mapping/*.ts"],
  },
  {
    name: "other programs",
    modules: ["node:child_process"],
    files: [
      "host/cli/update_notice.ts",
      "host/commands/install.ts",
      "host/mapping/gateway.ts",
      "host/platform/npm.ts",
      "host/platform/sd_notify.ts",
      "host/platform/service_manager.ts",
      "host/quic/endpoint_process.ts",
    ],
  },
  { name: "SQLite", modules: ["node:sqlite"], files: ["host/control/lock.ts"] },
  { name: "V8", modules: ["node:v8"], files: ["host/platform/v8_flags.ts"] },
  { name: "send", modules: ["send"], files: ["host/proxy/static_files.ts"] },
  { name: "tough-cookie", modules: ["tough-cookie"], files: ["host/proxy/cookie*.ts"] },
  { name: "prom-client", modules: ["prom-client"], files: ["host/control/metrics.ts"] },
  { name: "jsonc-parser", modules: ["jsonc-parser"], files: ["host/config/config_*.ts"] },
  {
    name: "qrcode-generator",
    modules: ["qrcode-generator"],
    files: ["host/access/pairing_link.ts"],
  },
  {
    name: "Lit",
    modules: ["lit"],
    files: [
      "components/lighthouse_tunnel*.ts",
      "components/pill.ts",
      "components/code_text.ts",
      "components/pairing/*.ts",
      "components/shell/*.ts",
    ],
  },
  { name: "qr", modules: ["qr/decode.js"], files: ["components/shell/code_detector.ts"] },
  { name: "simple-peer", modules: ["simple-peer"], files: ["components/connection/peer.ts"] },
  {
    name: "the scripts for the app's pages",
    modules: ["lighthouse:inject", "lighthouse:inject-worker"],
    files: ["components/worker/service_worker.ts"],
  },
  { name: "IndexedDB", globals: ["indexedDB"], files: ["components/identity/device_store.ts"] },
];

/** Modules of Node.js that every file of host/ and stack/ may import. */
const EVERYDAY = new Set([
  "crypto",
  "events",
  "fs",
  "fs/promises",
  "module",
  "net",
  "os",
  "path",
  "perf_hooks",
  "process",
  "readline",
  "stream",
  "stream/consumers",
  "timers/promises",
  "url",
  "util",
].map((name) => `node:${name}`));

/** One file, as far as the rules are about it. */
interface Module {
  file: string;
  folder: string;
  /** Paths from the root, and names of packages. */
  imports: string[];
  /** The globals of OWNERS that it uses. */
  globals: string[];
  /** Imports whose target no reader can tell. */
  unreadable: number;
}

/** Each import that the rules refuse, as a line for people. Tests may import what they need. */
export function wrongImports(sources: Sources): string[] {
  const modules = [...sources].map(([file, text]) => read(file, text));
  const products = modules.filter(({ file, folder }) => folder !== "tools" && !isTest(file));
  return [
    ...modules.filter(({ file }) => !isTest(file)).flatMap(wrongArrows),
    ...products.flatMap(wrongOwners),
    ...idleOwners(products),
    ...circles(modules),
  ];
}

/** The table of owners, in Markdown as the formatter has it. */
export function formatOwners(): string {
  const rows = OWNERS.map(({ name, modules = [], globals = [], files }) => {
    const list = (names: string[]) => names.map((each) => `\`${each}\``).join(", ");
    return [name, list([...modules, ...globals]), list(files)];
  });
  const head = ["What", "Imported as", "Only in"];
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at]!.length)));
  const format = (cells: string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(format).join("\n");
}

function wrongArrows({ file, folder, imports, unreadable }: Module): string[] {
  const allowed = ALLOWED[folder];
  if (!allowed) return [];
  const lines = imports.filter(isPath).flatMap((imported) => {
    const isInside = imported.startsWith(`${folder}/`);
    if (folder !== "tools" && isInside && isTest(imported)) {
      return `${file} must not import a test's ${imported}`;
    }
    return isInside || allowed(imported) ? [] : `${file} must not import ${imported}`;
  });
  if (unreadable > 0 && folder !== "tools") {
    lines.push(`${file} must import by a literal name, so that this check can read it`);
  }
  return lines;
}

function wrongOwners({ file, folder, imports, globals }: Module): string[] {
  const used = imports.filter((imported) => !isPath(imported));
  // In host/ and relay/ a name such as WebSocket is a library's.
  if (folder === "components" || folder === "wire") used.push(...globals);
  return [...new Set(used)].flatMap((name) => {
    if (isEveryday(name, folder)) return [];
    const owner = OWNERS.find(({ modules, globals }) =>
      modules?.includes(name) || globals?.includes(name)
    );
    if (owner?.files.some((pattern) => posix.matchesGlob(file, pattern))) return [];
    const files = owner ? `only ${owner.files.join(", ")} may` : "it has no owner";
    return `${file} must not use ${name}: ${files} (OWNERS in tools/imports.ts)`;
  });
}

/** Whether every file of a folder may use a module: `node:process` in host/, but not in relay/. */
function isEveryday(name: string, folder: string): boolean {
  return EVERYDAY.has(name) && (folder === "host" || folder === "stack");
}

/** Files that are named as owners and use nothing of it: the table would be untrue. */
function idleOwners(products: Module[]): string[] {
  return OWNERS.flatMap(({ name, modules = [], globals = [], files }) =>
    files.flatMap((pattern) => {
      const matching = products.filter(({ file }) => posix.matchesGlob(file, pattern));
      const folder = pattern.split("/")[0];
      if (!products.some((each) => each.folder === folder)) return [];
      const isUsed = matching.some((each) =>
        [...each.imports, ...each.globals].some((used) =>
          modules.includes(used) || globals.includes(used)
        )
      );
      return isUsed ? [] : `${pattern} does not use ${name}: take it out of OWNERS`;
    })
  );
}

/** Files that import each other in a circle, types included: each circle once. */
function circles(modules: Module[]): string[] {
  const byFile = new Map(modules.map((module) => [module.file, module]));
  const done = new Set<string>();
  const lines: string[] = [];
  const visit = (file: string, way: string[]) => {
    const start = way.indexOf(file);
    if (start >= 0) lines.push(`${[...way.slice(start), file].join(" → ")} is a circle`);
    if (start >= 0 || done.has(file)) return;
    for (const imported of byFile.get(file)?.imports ?? []) {
      if (byFile.has(imported)) visit(imported, [...way, file]);
    }
    done.add(file);
  };
  for (const { file } of modules) visit(file, []);
  return lines;
}

function isPath(imported: string): boolean {
  return !imported.startsWith("node:") && /\.(?:ts|json|cjs)$/.test(imported);
}

/** Reads what a file imports: by statements, `import()`, types, `require` and `getBuiltinModule`. */
function read(file: string, text: string): Module {
  const imports = new Set<string>();
  const globals = new Set<string>();
  let unreadable = 0;
  const add = (node: ts.Node | undefined) => {
    if (!node || !ts.isStringLiteralLike(node)) return void unreadable++;
    const { text } = node;
    imports.add(text.startsWith(".") ? posix.join(posix.dirname(file), text) : text);
  };
  const visit = (node: ts.Node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier);
    else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
    } else if (ts.isCallExpression(node) && isImporting(node.expression)) add(node.arguments[0]);
    const name = globalOf(node);
    if (name !== undefined && GLOBALS.has(name)) globals.add(name);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return {
    file,
    folder: file.split("/")[0]!,
    imports: [...imports],
    globals: [...globals],
    unreadable,
  };
}

const GLOBALS = new Set(OWNERS.flatMap(({ globals = [] }) => globals));

function isImporting(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === "require";
  return ts.isPropertyAccessExpression(callee) &&
    ["getBuiltinModule", "require"].includes(callee.name.text);
}

/** The global that a node uses as a value: `indexedDB`, `self.indexedDB`, `navigator.locks`. */
function globalOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    return node.getText().replace(/^(?:globalThis|window|self)\./, "");
  }
  if (!ts.isIdentifier(node)) return undefined;
  const { parent } = node;
  const isName = "name" in parent && parent.name === node;
  return isName || ts.isTypeNode(parent) ? undefined : node.text;
}
