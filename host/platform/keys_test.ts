import { EventEmitter } from "node:events";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type KeyInput, watchKeys } from "./keys.ts";

const test = suite("keys");

/** A terminal's input, and its modes in turn. */
class Input extends EventEmitter {
  isTTY = true;
  readonly modes: boolean[] = [];
  isReading = false;

  setRawMode(mode: boolean): this {
    this.modes.push(mode);
    return this;
  }

  resume(): this {
    this.isReading = true;
    return this;
  }

  pause(): this {
    this.isReading = false;
    return this;
  }

  press(text: string): void {
    this.emit("data", Buffer.from(text));
  }
}

function watch() {
  const input = new Input();
  const pressed: string[] = [];
  const keys = { p: () => pressed.push("p"), q: () => pressed.push("q") };
  return { input, pressed, watching: watchKeys(keys, input as unknown as KeyInput)! };
}

test("a key counts at once, in either case, with or without Enter", () => {
  const { input, pressed } = watch();
  for (const text of ["p", "P\r", "p\n", "x", "\x1b[A", "pp"]) input.press(text);
  assert.is(pressed.join(""), "ppppp");
});

test("Ctrl-C and Ctrl-D quit", () => {
  const { input, pressed } = watch();
  input.press("\x03\x04q");
  assert.is(pressed.join(""), "qqq");
});

test("the terminal is as before afterwards", () => {
  const { input, pressed, watching } = watch();
  assert.equal([input.modes, input.isReading], [[true], true]);
  watching[Symbol.dispose]();
  input.press("p");
  assert.equal([input.modes, input.isReading, pressed], [[true, false], false, []]);
});

test("a pipe has no keys", () => {
  const input = Object.assign(new Input(), { isTTY: false });
  assert.is(watchKeys({}, input as unknown as KeyInput), undefined);
  assert.equal(input.modes, []);
});

test.run();
