// What a restarted host knows of the offers that the process before it has answered.
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import type { Answer } from "../../wire/mod.ts";
import { createIdentity, deviceOf, outcomeOf, TestDevice } from "../testing/access.ts";
import { FolderAccessList } from "./access_list.ts";
import { AnsweredFile } from "./answered.ts";
import { devicesFolder, writeDevice } from "./devices.ts";
import { Gate } from "./gate.ts";
import { WINDOW_MS } from "./offer_clock.ts";

const test = suite("answered");

const identity = await createIdentity();

/** A machine with a state folder, whose clocks stand still until the test moves them. */
class Machine {
  readonly state = temporaryFolder();
  now = 1_795_651_200_000;
  public: string[] = [];
  #accessList: FolderAccessList | undefined;
  #gate!: Gate;

  /** Starts the host, again if it runs. */
  start(): void {
    this.stop();
    this.#accessList = FolderAccessList.open(this.state, () => {});
    this.#gate = new Gate({
      identity,
      accessList: this.#accessList,
      settings: () => this,
      log: () => {},
      clock: () => this.now,
      steady: () => this.now,
    });
  }

  stop(): void {
    this.#accessList?.[Symbol.dispose]();
  }

  async paired(): Promise<TestDevice> {
    const device = await TestDevice.create(identity);
    const known = await deviceOf(device.key);
    await writeDevice(devicesFolder(this.state), known);
    await device.use(known.tagKey);
    return device;
  }

  readonly ask = async (data: unknown) => {
    const admitted = await this.#gate.admit(data);
    return !admitted || "type" in admitted ? admitted : (await admitted.answer("v=1")).signal;
  };

  /** Whether the host lets an offer in. */
  async admits(data: unknown): Promise<boolean> {
    const admitted = await this.#gate.admit(data);
    return admitted !== undefined && !("type" in admitted);
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

for (const kind of ["device", "stranger"] as const) {
  for (const ahead of [0, 1, 1_000, WINDOW_MS]) {
    test(`a ${kind}'s offer, ${ahead} ms ahead, counts once, also after restarts`, async () => {
      using at = new Machine();
      if (kind === "stranger") at.public = ["/"];
      const device = kind === "device" ? await at.paired() : await TestDevice.create(identity);
      at.start();
      const { signal } = await device.seal({}, at.now + ahead);
      assert.is(await at.admits(signal), true);
      for (const later of [1, 1, ahead / 2, ahead / 2, 1_000, WINDOW_MS]) {
        at.now += later;
        at.start();
        assert.is(await at.admits(signal), false, `${later} ms later`);
      }
    });
  }
}

test("other devices are told a time that counts, and are in with their second offer", async () => {
  using at = new Machine();
  const [early, right] = [await at.paired(), await at.paired()];
  at.start();
  assert.is(await at.admits((await early.seal({}, at.now + 90_000)).signal), true);
  at.now += 1_000;
  at.start();
  const answer = await right.offer(at.ask, {}, at.now) as Answer;
  assert.is(outcomeOf(answer), "clock-skew");
  assert.is(answer.time, at.now + 89_001);
  assert.is(outcomeOf(await right.offer(at.ask, {}, answer.time)), "answer");
  at.now += 90_000;
  assert.is(outcomeOf(await right.offer(at.ask, {}, at.now)), "answer");
});

test("a time that is far ahead, as of a clock that was wrong, keeps nobody out", async () => {
  using at = new Machine();
  const device = await at.paired();
  at.start();
  at.now += 86_400_000;
  assert.is(await at.admits((await device.seal({}, at.now + 1_000)).signal), true);
  at.now -= 86_000_000;
  at.start();
  assert.is(outcomeOf(await device.offer(at.ask, {}, at.now)), "answer");
});

test("the file is its owner's, and keeps the latest time", () => {
  const state = temporaryFolder();
  const file = new AnsweredFile(state, () => {});
  assert.is(file.before, undefined);
  for (const time of [5, 9, 7]) file.note(time);
  const path = join(state, "answered");
  assert.is(readFileSync(path, "utf8"), "9\n");
  assert.is(statSync(path).mode & 0o777, 0o600);
  const next = new AnsweredFile(state, () => {});
  assert.is(next.before, 9);
  next.note(8);
  assert.is(readFileSync(path, "utf8"), "9\n");
});

test("a file that holds no time counts as none, and one that cannot be written is logged once", () => {
  const state = temporaryFolder();
  const path = join(state, "answered");
  for (const text of ["", "x\n", "-1\n", "1e9\n", "9".repeat(16) + "\n"]) {
    writeFileSync(path, text);
    assert.is(new AnsweredFile(state, () => {}).before, undefined, text);
  }
  const logged: string[] = [];
  mkdirSync(join(state, "sub", "answered"), { recursive: true });
  chmodSync(join(state, "sub"), 0o700);
  const file = new AnsweredFile(join(state, "sub"), (_level, event) => logged.push(event));
  for (const time of [5, 6]) file.note(time);
  assert.equal(logged, ["answered-not-written"]);
});

test.run();
