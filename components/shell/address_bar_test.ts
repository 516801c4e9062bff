import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { AddressBar, type AddressWindow } from "./address_bar.ts";

const test = suite("address bar");

/** A window whose timer ends when the test says so. */
function memoryWindow() {
  const shown: string[] = [];
  let due: (() => void) | undefined;
  const change = (how: string) => (_state: unknown, _title: string, url?: string | URL | null) => {
    shown.push(`${how} ${url}`);
    window.location.href = String(url);
  };
  const window = {
    location: { href: "https://me.example/" },
    history: { state: null, replaceState: change("replace"), pushState: change("push") },
    setTimeout: (run: () => void) => due = run,
  } satisfies AddressWindow;
  return { window, shown, pass: () => due!() };
}

const url = (path: string) => new URL(path, "https://me.example/");

test("the first change shows at once, and of those that follow the last one", () => {
  const { window, shown, pass } = memoryWindow();
  const bar = new AddressBar(window);
  for (const path of ["a", "b", "c"]) bar.show(url(path));
  assert.equal(shown, ["replace https://me.example/a"]);
  pass();
  assert.equal(shown.slice(1), ["replace https://me.example/c"]);
  pass();
  bar.show(url("d"));
  assert.equal(shown.slice(2), ["replace https://me.example/d"]);
});

test("what is shown already is not shown again", () => {
  const { window, shown } = memoryWindow();
  const bar = new AddressBar(window);
  bar.show(url(""));
  assert.equal(shown, []);
});

test("a step forward is not undone by a change that waits", () => {
  const { window, shown, pass } = memoryWindow();
  const bar = new AddressBar(window);
  bar.show(url("a"));
  bar.show(url("b"));
  bar.add(url("c"));
  pass();
  assert.equal(shown, ["replace https://me.example/a", "push https://me.example/c"]);
});

test.run();
