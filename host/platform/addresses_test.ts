import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { isProviderNat, isPublic } from "./addresses.ts";

const test = suite("addresses");

test("addresses of the internet are told from those of networks", () => {
  const inner = [
    "10.1.2.3",
    "172.31.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "192.0.2.2",
  ];
  for (const address of [...inner, "0.0.0.0", "127.0.0.1", "169.254.1.1", "239.0.0.1", "::1", ""]) {
    assert.not(isPublic(address), address);
  }
  for (const address of ["198.17.2.2", "8.8.8.8", "172.32.0.1", "192.169.0.1", "100.128.0.1"]) {
    assert.ok(isPublic(address), address);
  }
});

test("a provider's NAT is told from other networks", () => {
  assert.ok(isProviderNat("100.64.0.1"));
  assert.not(isProviderNat("10.0.0.1"));
  assert.not(isProviderNat("100.128.0.1"));
});

test.run();
