import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { onPageEvents } from "./page_events.ts";

const test = suite("page events");

/** A window whose document can be looked at. */
function setUp() {
  const end = new AbortController();
  const calls: string[] = [];
  const document = Object.assign(new EventTarget(), {
    visibilityState: "visible" as DocumentVisibilityState,
  });
  const window = Object.assign(new EventTarget(), { document });
  onPageEvents({
    onWake: () => calls.push("wake"),
    onOnline: () => calls.push("online"),
    onHide: () => calls.push("hide"),
    onRestore: () => calls.push("restore"),
    signal: end.signal,
    window,
  });
  return { window, document, calls, end };
}

const cases: [
  what: string,
  fire: (page: ReturnType<typeof setUp>) => void,
  calls: string[],
][] = [
  [
    "a network that is back",
    ({ window }) => window.dispatchEvent(new Event("online")),
    ["online", "wake"],
  ],
  [
    "a page that is visible again",
    ({ document }) => document.dispatchEvent(new Event("visibilitychange")),
    ["wake"],
  ],
  [
    "a page that is hidden",
    ({ document }) => {
      document.visibilityState = "hidden";
      document.dispatchEvent(new Event("visibilitychange"));
    },
    [],
  ],
  ["a page that goes", ({ window }) => window.dispatchEvent(new Event("pagehide")), ["hide"]],
  [
    "a page out of the browser's cache",
    ({ window }) => window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true })),
    ["restore"],
  ],
  [
    "a page that is loaded",
    ({ window }) =>
      window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false })),
    [],
  ],
];
for (const [what, fire, calls] of cases) {
  test(`${what}: ${calls[0] ?? "nothing"}, and nothing after the end`, () => {
    const page = setUp();
    fire(page);
    assert.equal(page.calls, calls);
    page.end.abort();
    fire(page);
    assert.equal(page.calls, calls);
  });
}

test.run();
