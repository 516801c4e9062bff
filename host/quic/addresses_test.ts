import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type QuicAddress, quicAddresses, type QuicAddressesOptions } from "./addresses.ts";

const test = suite("addresses");

const PORT = 4433;

/** An interface with these addresses. */
function at(...addresses: string[]): NetworkInterfaceInfo[] {
  return addresses.map((address) => ({
    address,
    internal: /^(?:127\.|::1$)/.test(address),
    family: address.includes(":") ? "IPv6" : "IPv4",
    netmask: "",
    mac: "",
    cidr: null,
    scopeid: 0,
  } as NetworkInterfaceInfo));
}

function find(interfaces: QuicAddressesOptions["interfaces"], mapped?: QuicAddress): string[] {
  return quicAddresses({ interfaces, port: PORT, mapped })
    .map(({ address, port }) => port === PORT ? address : `${address} ${port}`);
}

const HOME = {
  lo: at("127.0.0.1", "::1"),
  tun0: at("10.8.0.2", "fd09::2"),
  wlan0: at("192.168.1.5", "2a02:8109:1:2:aaaa::1", "fd00::5", "fe80::1"),
};

test("global addresses come before private ones, and the network's before those of tunnels", () => {
  const own = ["192.168.1.5", "10.8.0.2", "fd00::5", "fd09::2"];
  assert.equal(find(HOME), ["2a02:8109:1:2:aaaa::1", ...own]);
  const mapped = { address: "198.17.2.2", port: 50001 };
  assert.equal(find(HOME, mapped), ["2a02:8109:1:2:aaaa::1", "198.17.2.2 50001", ...own]);
  assert.equal(find({ ...HOME, ppp0: at("8.8.4.4") }, mapped), [
    "2a02:8109:1:2:aaaa::1",
    "198.17.2.2 50001",
    "8.8.4.4",
    ...own,
  ]);
});

test("addresses that lead to no other machine are left out", () => {
  const interfaces = {
    lo: at("127.0.0.1", "::1"),
    docker0: at("172.17.0.1", "fd00:d0c::1"),
    "br-12ab": at("172.18.0.1"),
    veth1: at("10.0.3.1"),
    eth0: at("169.254.9.9", "192.0.0.2", "fe80::1", "febf::1"),
    en5: undefined,
  };
  assert.equal(find(interfaces), []);
});

test("of the IPv6 addresses of a subnet only the first is told", () => {
  const interfaces = {
    eth0: at("2001:db8:0:1::9", "2001:db8:0:1:7::1", "2001:db8:0:2::1", "fd00::1", "fd00::2"),
    wlan0: at("2001:db8:0:1::10"),
  };
  assert.equal(find(interfaces), ["2001:db8:0:1::9", "2001:db8:0:2::1", "fd00::1"]);
});

test("eight are told at most, the best of them", () => {
  const many = Array.from({ length: 20 }, (_, at) => `10.0.${at}.1`);
  const found = find({ eth0: at(...many, "8.8.4.4") }, { address: "198.17.2.2", port: 1 });
  assert.equal(found, ["198.17.2.2 1", "8.8.4.4", ...many.slice(0, 6)]);
});

test("what the system says of this machine is taken", () => {
  const own = Object.values(networkInterfaces()).flat().map((each) => each?.address);
  assert.ok(find(networkInterfaces()).every((address) => own.includes(address)));
});

test.run();
