// Tests the check of what pages run: it finds what is newer than the floor, and no more.
import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { newSyntax, withoutExceptions } from "./check.ts";
import { newFeatures } from "./features.ts";
import { BROWSERS, FLOOR } from "./floor.ts";

const test = suite("floor", { deadline: 60_000 });

/** Pieces of code, and the features in them that are too new. */
const SCRIPTS: [code: string, ...features: string[]][] = [
  // Static members and globals
  [`URL.parse("/a", location.href);`, "api.URL.parse_static"],
  [`globalThis.URL.parse("/a");`, "api.URL.parse_static"],
  [`const { parse } = URL; parse("/a");`, "api.URL.parse_static"],
  [`URL["parse"]("/a");`, "api.URL.parse_static"],
  [`Promise.try(() => 1);`, "javascript.builtins.Promise.try"],
  [`Uint8Array.fromBase64("AA");`, "javascript.builtins.Uint8Array.fromBase64"],
  [`RegExp.escape("a");`, "javascript.builtins.RegExp.escape"],
  [`Math.sumPrecise([1]);`, "javascript.builtins.Math.sumPrecise"],
  [`Iterator.from([1]);`, "javascript.builtins.Iterator.from"],
  [`Temporal.Now.instant();`, "javascript.builtins.Temporal"],
  [`new Float16Array(1);`, "javascript.builtins.Float16Array"],
  [`new URLPattern({ pathname: "/a" });`, "api.URLPattern"],
  [`window.URLPattern;`, "api.URLPattern"],
  [`addEventListener("x", () => {}, { signal: AbortSignal.any([]) });`],
  [`URL.canParse("/a");`, "api.URL.canParse_static"],
  [`const mine = { parse: (x) => x }; mine.parse("/a");`],
  [`const URL = { parse: (x) => x }; URL.parse("/a");`],
  [`JSON.parse("1");`],
  [`Object.groupBy([1], String); Promise.withResolvers(); structuredClone(1);`],
  // Members of values
  [`new Set().union(new Set());`, "javascript.builtins.Set.union"],
  [`(function (a, b) { return a.isDisjointFrom(b); });`, "javascript.builtins.Set.isDisjointFrom"],
  [`new Map([[1, 2]]).values().filter(Boolean);`, "javascript.builtins.Iterator.filter"],
  [`(function (a) { return a.entries().map(String); });`, "javascript.builtins.Iterator.map"],
  [`new Uint8Array().toHex();`, "javascript.builtins.Uint8Array.toHex"],
  [`new Response("a").bytes();`, "api.Blob.bytes"],
  [`document.startViewTransition(() => {});`, "api.Document.startViewTransition"],
  [`document.querySelector("dialog").requestClose();`, "api.HTMLDialogElement.requestClose"],
  [`(function (frame) { frame.moveBefore(frame, null); });`, "api.Document.moveBefore"],
  // Data have members by any name.
  [`const { command, device } = await (await fetch("a")).json(); command.source;`],
  [`navigator.userAgentData;`, "api.Navigator.userAgentData"],
  [`Symbol.dispose;`, "javascript.builtins.Symbol.dispose"],
  [`[3, 1].toSorted().at(-1); "a".isWellFormed(); [1].findLast(Boolean);`],
  [`[1].values; [1].map(String); Object.values({}).filter(Boolean);`],
  [`new RTCPeerConnection().createDataChannel("a").bufferedAmountLowThreshold = 1;`],
  // Asking whether something is there is no use of it.
  [`typeof URLPattern === "undefined" || "union" in Set.prototype;`],
  // Regular expressions
  [`/(?i:a)b/.test("");`, "javascript.regular_expressions.modifier"],
  // Scripts, styles and pages that are texts
  [`const first = "self.Worker&&addEventListener('a',()=>URL.parse(b))";`, "api.URL.parse_static"],
  ["const css = `a { color: light-dark(red, ${blue}) }`;", "css.types.color.light-dark"],
  ["html`<button popover id=${a}>Open</button>`;", "html.global_attributes.popover"],
  [`throw new Error("Cannot parse (a): URL.parse is not there");`],
];

const STYLES: typeof SCRIPTS = [
  ["a { color: light-dark(#fff, #000) }", "css.types.color.light-dark"],
  [":root { --a: light-dark(#fff, #000) }", "css.types.color.light-dark"],
  ["a { b { color: red } }", "css.selectors.nesting"],
  ["a { &:hover { color: red } }", "css.selectors.nesting"],
  ["textarea { field-sizing: content }", "css.properties.field-sizing"],
  ["p { text-wrap: balance }", "css.properties.text-wrap.balance"],
  ["@starting-style { a { opacity: 0 } }", "css.at-rules.starting-style"],
  ["@scope (a) { b { color: red } }", "css.at-rules.scope"],
  ["details:open { color: red }", "css.selectors.open"],
  ["a { width: calc-size(auto, size) }", "css.types.calc-size"],
  ["a { width: 1rcap }", "css.types.length.rcap"],
  ["a { user-select: none }", "css.properties.user-select"],
  ["a { -webkit-user-select: none; user-select: none }"],
  ["@supports (field-sizing: content) { textarea { field-sizing: content } }"],
  ["a { --a: light-dark(#fff, #000) } @supports not (color: light-dark(red, red)) { a { --a: red } }"],
  ["a:has(b):not(:hover, :focus-visible) { inset: 0; color: color-mix(in srgb, red, blue) }"],
  ["@media (prefers-color-scheme: dark) and (width > 30rem) { a { height: 100dvh } }"],
  ["@keyframes a { from { opacity: 0 } } @container (width > 1px) { a { width: 1cqw } }"],
];

const PAGES: typeof SCRIPTS = [
  ["<details name=a><summary>A</summary></details>", "html.elements.details.name"],
  ["<script type=module>URL.parse(location)</script>", "api.URL.parse_static"],
  ["<style>a { color: light-dark(red, blue) }</style>", "css.types.color.light-dark"],
  ["<dialog open><button autofocus>Close</button></dialog><img loading=lazy>"],
];

const named = (rows: typeof SCRIPTS, ending: string) =>
  rows.map(([code, ...features], at) => ({ file: `/floor/${at}${ending}`, code, features }));
const cases = [...named(SCRIPTS, ".js"), ...named(STYLES, ".css"), ...named(PAGES, ".html")];

// One program of all cases, because TypeScript reads the DOM's types anew for each.
const uses = newFeatures({ files: new Map(cases.map(({ file, code }) => [file, code])) });

for (const { file, code, features } of cases) {
  test(`${code} has ${features.join(", ") || "nothing that is too new"}`, () => {
    const found = uses.filter((use) => use.file === file).map(({ feature }) => feature);
    if (features.length === 0) assert.equal(found, []);
    for (const feature of features) assert.ok(found.includes(feature), found.join(", "));
  });
}

test("types tell which member is meant, where its name does not", () => {
  const files = new Map([
    [
      "/floor/a.ts",
      "export async function f(body: ReadableStream) { for await (const a of body) a; }",
    ],
    [
      "/floor/b.ts",
      "export const g = (a: Map<string, string>) => a.values().some((b) => b === '');",
    ],
    ["/floor/c.ts", "export const h = (a: { union(b: string): string }) => a.union('');"],
  ]);
  assert.equal(newFeatures({ files }).map(({ file, line, feature }) => [file, line, feature]), [
    ["/floor/a.ts", 1, "api.ReadableStream.@@asyncIterator"],
    ["/floor/b.ts", 1, "javascript.builtins.Iterator.some"],
  ]);
});

test("a program that writes pages may use what it likes, and its pages may not", () => {
  const makers = new Map([["/floor/d.ts", "URL.parse(`<p popover>${a}</p>`);"]]);
  const found = newFeatures({ files: new Map(), makers }).map(({ feature }) => feature);
  assert.equal(found, ["html.global_attributes.popover"]);
});

test("an exception allows a feature and its members, and is refused when nothing needs it", () => {
  const use = { needs: "safari 18", file: "a.js", line: 3, code: "code" };
  const lines = withoutExceptions(
    [
      { ...use, feature: "api.NavigateEvent.intercept" },
      { ...use, feature: "api.NavigateEventful" },
    ],
    [{ features: ["api.NavigateEvent", "api.Idle"], reason: "" }],
  );
  assert.equal(lines, [
    "a.js:3: api.NavigateEventful needs safari 18, and pages must run in chrome 119, firefox 124, safari 17.4: …code…",
    "Nothing uses api.Idle: take it out of tools/floor/exceptions.ts",
  ]);
});

test("syntax that the floor cannot read is refused", async () => {
  const files = new Map([
    ["a.js", "class A { #a = 1; static { this.b ??= 1_000; } }\nawait 1;"],
    ["b.js", "using a = b();"],
  ]);
  assert.equal((await newSyntax(files)).map((line) => line.split(" ")[0]), ["b.js"]);
});

test("pages and documents state the floor", async () => {
  const { chrome, firefox, safari } = FLOOR;
  const say = (or: string) => `Chrome ${chrome}, Firefox ${firefox} ${or} Safari ${safari}`;
  const stated: [file: string, words: string][] = [
    ["components/texts/english.ts", say("or")],
    ["components/texts/german.ts", say("oder")],
    ["host/site/site_page.ts", say("or")],
    ["docs/browsers.md", say("or")],
    ["docs/browsers.md", say("and")],
  ];
  for (const [file, words] of stated) {
    assert.ok((await readFile(file, "utf8")).includes(words), `${file}: ${words}`);
  }
  assert.equal(BROWSERS, [`chrome${chrome}`, `firefox${firefox}`, `safari${safari}`]);
});

test.run();
