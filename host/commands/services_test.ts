import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";

const test = suite("services", { deadline: 20_000 });

test("services add takes a backend or folder without a path, as the one at /", async () => {
  const folder = temporaryFolder();
  const environment = { XDG_CONFIG_HOME: folder, HOME: folder };
  await mkdir(join(folder, "public"));
  const cases: [args: string[], added: string][] = [
    [["3000"], "/ → http://localhost:3000/"],
    [[":3001"], "/ → http://localhost:3001/"],
    [["0.0.0.0:3002", "as=proxy"], "/ → http://localhost:3002/ as=proxy"],
    [["http://127.0.0.1:3003/a=b"], "/ → http://127.0.0.1:3003/a=b"],
    [["~/public"], `/ → ${folder}/public`],
    [["/app=3000"], "/app → http://localhost:3000/"],
  ];
  for (const [args, added] of cases) {
    const { code, output, errors } = await run(["services", "add", ...args], environment);
    assert.is(code, 0, errors);
    assert.is(output.split(", in place of")[0]!.trim(), `Added ${added}`);
  }
  const { output } = await run(["services"], environment);
  assert.match(output, `/ → ${folder}/public\n/app → http://localhost:3000/`);
});

test.run();
