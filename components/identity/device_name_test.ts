import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type Agent, proposeName } from "./device_name.ts";

const test = suite("device_name");

const chromium = (brand: string, platform: string): Agent["userAgentData"] => ({
  brands: [{ brand: "Not A(Brand" }, { brand: "Chromium" }, { brand }],
  platform,
});

const cases: [name: string, agent: Agent][] = [
  ["Chrome on Android", { userAgent: "", userAgentData: chromium("Google Chrome", "Android") }],
  ["Edge on Windows", { userAgent: "", userAgentData: chromium("Microsoft Edge", "Windows") }],
  ["Brave on macOS", { userAgent: "", userAgentData: chromium("Brave", "macOS") }],
  ["Chrome on Linux", { userAgent: "", userAgentData: chromium("HeadlessChrome", "Linux") }],
  ["Chrome on Linux", {
    userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36",
    userAgentData: { brands: [{ brand: "Chromium" }, { brand: "Not)A;Brand" }], platform: "Linux" },
  }],
  ["Firefox on Linux", {
    userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
  }],
  ["Firefox on Android", {
    userAgent: "Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0",
  }],
  ["Safari on iPhone", {
    userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 " +
      "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
  }],
  ["Chrome on iPhone", {
    userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 " +
      "(KHTML, like Gecko) CriOS/156.0 Mobile/15E148 Safari/604.1",
  }],
  ["Safari on macOS", {
    userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 " +
      "(KHTML, like Gecko) Version/19.0 Safari/605.1.15",
  }],
  ["Browser", { userAgent: "" }],
];

for (const [index, [name, agent]] of cases.entries()) {
  test(`case ${index}: ${name}`, () => assert.is(proposeName(agent), name));
}

test.run();
