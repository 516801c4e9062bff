import type { NetworkInterfaceInfo } from "node:os";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { isLoopback, lanAddresses } from "./addresses.ts";

const test = suite("addresses");

function at(address: string, internal = false): NetworkInterfaceInfo {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  return {
    address,
    internal,
    family,
    netmask: "",
    mac: "",
    cidr: null,
    scopeid: 0,
  } as NetworkInterfaceInfo;
}

test("the addresses of the network are found, the likely ones first", () => {
  const interfaces = {
    lo: [at("127.0.0.1", true), at("::1", true)],
    docker0: [at("172.17.0.1")],
    "br-12ab": [at("172.18.0.1")],
    veth1: [at("169.254.3.4")],
    tailscale0: [at("100.90.1.2")],
    tun0: [at("10.8.0.2")],
    eth0: [at("8.8.4.4"), at("169.254.9.9"), at("fd00::2")],
    wlp3s0: [at("192.168.178.23"), at("fe80::1")],
  };
  const found = ["192.168.178.23", "169.254.9.9", "10.8.0.2", "100.90.1.2", "8.8.4.4"];
  assert.equal(lanAddresses(interfaces), found);
  assert.equal(lanAddresses({ lo: interfaces.lo, en0: undefined }), []);
});

test("pages of this machine are told from others", () => {
  for (const host of ["localhost:1", "app.localhost", "127.0.0.1:4600", "[::1]:80"]) {
    assert.is(isLoopback(new URL(`http://${host}`)), true, host);
  }
  for (const host of ["localhost.example", "192.168.1.5", "127.example", "[::2]"]) {
    assert.is(isLoopback(new URL(`http://${host}`)), false, host);
  }
});

test.run();
