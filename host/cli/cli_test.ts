import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { COMMANDS } from "./commands.ts";
import { formatManPage, formatMarkdown } from "./help.ts";

const test = suite("cli", { deadline: 30_000 });

/** What a shell says that has read its completion script; undefined if there is no such shell. */
async function inShell(shell: string, script: string, before = ""): Promise<string | undefined> {
  const { code, output } = await run(["completion", shell]);
  assert.is(code, 0);
  const { error, status, stdout, stderr } = spawnSync(shell, [
    "-c",
    `${before}${output}\n${script}`,
  ], {
    encoding: "utf8",
  });
  if (error) return undefined;
  assert.equal([status, stderr], [0, ""]);
  return stdout.trim();
}

const typed = (...words: string[]) =>
  `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; ` +
  '_lighthouse_host; echo "${COMPREPLY[@]}"';

test("bash completes commands, and each command's flags", async () => {
  const complete = (...words: string[]) => inShell("bash", typed("lighthouse-host", ...words));
  assert.is(await complete("re"), "revoke rename");
  assert.is(await complete(""), Object.keys(COMMANDS).join(" "));
  assert.is(await complete("pair", "--n"), "--name --no-wait");
  assert.is(await complete("devices", "--"), "--state --json --help");
});

for (const shell of ["zsh", "fish"]) {
  test(`${shell} gets all commands and flags, and reads its script where there is one`, async () => {
    const { output } = await run(["completion", shell]);
    for (const [name, { flags }] of Object.entries(COMMANDS)) {
      assert.match(output, name);
      for (const flag of flags) assert.match(output, flag);
    }
    // What defines completions for zsh is loaded by its own start.
    await inShell(shell, "", shell === "zsh" ? "compdef() { }\n" : "");
  });
}

test("each command that only prints gives JSON, too", async () => {
  const linesOf = async (...args: string[]) => {
    const { code, output, errors } = await run([...args, "--json"]);
    assert.equal([code, errors], [0, ""]);
    return output.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  };
  const help = await linesOf("help");
  assert.equal(help.map(({ name }) => name), Object.keys(COMMANDS));
  const [revoke] = await linesOf("help", "revoke");
  assert.equal(revoke.args, ["DEVICE"]);
  assert.equal(revoke.options.at(-1).flag, "--json");
  assert.match((await linesOf("version"))[0].version, /^\d+\.\d+\.\d+$/);
  assert.match((await linesOf("completion", "bash"))[0].script, "complete -F");
  assert.equal(await linesOf("completion", "devices"), [{ words: [] }]);
  assert.equal(await linesOf("devices"), [{ devices: [] }]);
  assert.equal(await linesOf("services"), []);
});

test("the man page has all commands, and no line that roff would take for its own", () => {
  const page = formatManPage(COMMANDS);
  assert.match(page, /^\.TH LIGHTHOUSE-HOST 1 /);
  for (const name of Object.keys(COMMANDS)) assert.match(page, `\n.SS ${name}`);
  for (const line of page.split("\n")) {
    if (/^[.']/.test(line)) assert.match(line, /^\.(?:TH|SH|SS|TP|PP|B)\b/);
  }
});

test("docs/command-line.md is what the commands do", async () => {
  const page = await readFile(new URL("../../docs/command-line.md", import.meta.url), "utf8");
  assert.is(page, formatMarkdown(COMMANDS));
});

test.run();
