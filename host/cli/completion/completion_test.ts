// Completion in the shells that are there: bash, zsh and fish run the scripts. The cases of a missing one
// count as not run.
import { spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { PROGRAM, run } from "../../../tools/testing/program.ts";
import { suite } from "../../../tools/testing/suite.ts";
import { temporaryFolder } from "../../../tools/testing/temporary_folder.ts";
import { devicesFolder, revokeDevice, writeDevice } from "../../access/devices.ts";

const test = suite("completion", { deadline: 60_000 });

const folder = temporaryFolder();
const state = join(folder, "state");
const environment = { HOME: folder, XDG_CONFIG_HOME: folder, LIGHTHOUSE_STATE: state };

/** A user with devices, services, files, and the program in the path. */
async function setUp() {
  const devices = devicesFolder(state);
  await mkdir(devices, { recursive: true, mode: 0o700 });
  const names = ["my phone", "my old tablet", "work", "it's $HOME", "gone"];
  for (const [at, name] of names.entries()) {
    await writeDevice(devices, {
      id: String(at).repeat(24),
      name,
      key: Uint8Array.of(4, ...new Uint8Array(64)),
      tagKey: new Uint8Array(32),
      origin: "https://me.example",
      services: undefined,
      added: at,
      lastSeen: undefined,
      revoked: undefined,
    });
  }
  await revokeDevice(devices, "4".repeat(24));
  await mkdir(join(folder, "lighthouse"), { recursive: true });
  const service = ["/notes=3000", "/files=/"];
  await writeFile(join(folder, "lighthouse", "config.json"), JSON.stringify({ service }));
  await mkdir(join(folder, "a folder"));
  await writeFile(join(folder, "a file"), "");
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const name of ["lighthouse-host", "lighthouse-tunnel"]) {
    await writeFile(join(bin, name), `#!/bin/sh\nexec ${PROGRAM.join(" ")} "$@"\n`);
    await chmod(join(bin, name), 0o755);
  }
}
await setUp();

/** `test`, or `test.skip` where this machine has not got a shell. */
function testIn(shell: string) {
  return spawnSync(shell, ["-c", "true"]).error ? test.skip : test;
}

/** Runs a script in a shell, after that shell's completions. */
async function inShell(shell: string, script: string, before = ""): Promise<string[]> {
  const { output } = await run(["completion", shell]);
  const path = `${join(folder, "bin")}${delimiter}${process.env.PATH}`;
  const { error, stdout, stderr } = spawnSync(shell, ["-c", `${before}\n${output}\n${script}`], {
    cwd: folder,
    encoding: "utf8",
    env: { ...environment, PATH: path },
    timeout: 30_000,
  });
  if (error) throw error;
  assert.is(stderr, "");
  return stdout.split("\n").map((line) => line.trim()).filter(Boolean);
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** How each shell tells what it offers after these words, of which the last is not whole. */
const SHELLS: Record<string, (words: string[]) => [script: string, before?: string]> = {
  bash: (words) => [
    `COMP_WORDS=(${words.map(quoted).join(" ")}); COMP_CWORD=${words.length - 1}; ` +
    '_lighthouse_host lighthouse-host; printf "%s\\n" "${COMPREPLY[@]}"',
  ],
  zsh: (words) => [
    `words=(${words.map(quoted).join(" ")}); CURRENT=${words.length}; _lighthouse_host`,
    `compdef() { }
     _describe() { print -l "\${(@)commands%%:*}" }
     _files() { [[ "$1" == -/ ]] && print -l *(/) || print -l * }
     compadd() {
       local prefix="$words[CURRENT]" word
       if [[ "$1" == -a ]]; then set -- "\${(@P)2}"; else shift; fi
       for word in "$@"; do [[ "$word" == "$prefix"* ]] && print -r -- "$word"; done
       true
     }`,
  ],
  fish: (words) => [`complete -C ${quoted(words.join(" "))} | string replace -r '\\t.*' ''`],
};

const CASES: [words: string[], offered: string[]][] = [
  [["revoke", ""], ["my phone", "my old tablet", "work", "it's $HOME"]],
  [["revoke", "my"], ["my phone", "my old tablet"]],
  [["revoke", "--json", "w"], ["work"]],
  [["rename", "w"], ["work"]],
  [["rename", "work", ""], []],
  [["revoke", "work", ""], []],
  [["services", ""], ["list", "add", "remove"]],
  [["services", "remove", "/"], ["/notes", "/files"]],
  [["pair", "--for", "/n"], ["/notes"]],
  [["completion", ""], ["bash", "zsh", "fish"]],
  [["help", "rev"], ["revoke"]],
  [["run", "--log-level", "w"], ["warn"]],
  [["run", "--registry", ""], ["lambda-env", "s3", "relay"]],
  [["rev"], ["revoke"]],
  [["devices", ""], []],
];
for (const [shell, scriptOf] of Object.entries(SHELLS)) {
  for (const [words, offered] of CASES) {
    testIn(shell)(`${shell} completes ${words.join(" ")}`, async () => {
      const [script, before] = scriptOf(["lighthouse-host", ...words]);
      const found = await inShell(shell, script, before);
      const plain = shell === "bash" ? found.map((word) => word.replaceAll("\\", "")) : found;
      const known = words.length === 1 && shell === "zsh"
        ? plain.filter((w) => w === "revoke")
        : plain;
      assert.equal(known.sort(), [...offered].sort());
    });
  }

  testIn(shell)(`${shell} completes files and folders where these are taken`, async () => {
    const offer = (...words: string[]) => {
      const [script, before] = scriptOf(["lighthouse-host", ...words, ""]);
      return inShell(shell, script, before);
    };
    const files = await offer("init");
    const names = (found: string[]) => found.join().replaceAll("\\", "");
    assert.match(names(files), "a file");
    for (const words of [["site"], ["run", "--state"], ["dev"]]) {
      const folders = names(await offer(...words));
      assert.match(folders, "a folder");
      assert.not.match(folders, "a file");
    }
  });
}

testIn("bash")("bash quotes names that have spaces, and goes on within quotes", async () => {
  const typed = (word: string) => SHELLS.bash!(["lighthouse-host", "revoke", word])[0];
  assert.equal(await inShell("bash", typed("my\\ p")), ["my\\ phone"]);
  assert.equal(await inShell("bash", typed('"my p')), ["my phone"]);
  assert.equal(await inShell("bash", typed("it")), ["it\\'s\\ \\$HOME"]);
});

testIn("bash")("bash completes both names of the program", async () => {
  const known = await inShell("bash", "complete -p lighthouse-tunnel lighthouse-host");
  assert.is(known.length, 2);
});

testIn("fish")("fish completes both names of the program", async () => {
  const script = "complete -C 'lighthouse-tunnel revo' | string replace -r '\\t.*' ''";
  assert.equal(await inShell("fish", script), ["revoke"]);
});

test("the words come without a message, whatever is wrong", async () => {
  const devices = await run(["completion", "devices"], environment);
  assert.equal(devices, {
    code: 0,
    output: "my phone\nmy old tablet\nwork\nit's $HOME\n",
    errors: "",
  });
  const broken = temporaryFolder();
  await mkdir(join(broken, "lighthouse"));
  await writeFile(join(broken, "lighthouse", "config.json"), "{");
  const services = await run(["completion", "services"], { XDG_CONFIG_HOME: broken });
  assert.equal(services, { code: 0, output: "", errors: "" });
});

test.run();
