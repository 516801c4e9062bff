// For tests: browsers' session descriptions, and mutants of them.

const FINGERPRINT =
  "5B:0E:9A:41:D7:33:C2:8F:16:64:A9:0D:7E:F1:52:B8:2C:90:E6:4D:3A:75:1F:CB:88:07:5D:AE:F4:29:63:10";

/** Chromium's, from a page without camera permission: an mDNS name replaces its addresses. */
export const CHROMIUM_OFFER = `v=0
o=- 4027173469151318201 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 51430 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 203.0.113.7
a=candidate:2999745851 1 udp 2113937151 3f1c9d70-8a52-4c0e-9b1d-6e57a4d2c8b3.local 51430 typ host generation 0 network-cost 999
a=candidate:2157334355 1 udp 2113939711 b6d0f2aa-41c7-4f7e-8f3b-0c9a5e1d7724.local 40912 typ host generation 0 network-cost 999
a=candidate:842163049 1 udp 1677729535 203.0.113.7 51430 typ srflx raddr 0.0.0.0 rport 0 generation 0 network-cost 999
a=candidate:3498147984 1 udp 1677732095 2001:db8:85a3::8a2e:370:7334 40912 typ srflx raddr :: rport 0 generation 0 network-cost 999
a=candidate:2204338827 1 tcp 1518214911 3f1c9d70-8a52-4c0e-9b1d-6e57a4d2c8b3.local 9 typ host tcptype active generation 0 network-cost 999
a=ice-ufrag:8Lq/
a=ice-pwd:xV2kN7+QdTz4mJb9RyA1cWfe
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
`.replaceAll("\n", "\r\n");

/** Firefox's: the fingerprint is at the session level, and transports are in capitals. */
export const FIREFOX_OFFER = `v=0
o=mozilla...THIS_IS_SDPARTA-99.0 7253340985149213362 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 ${FINGERPRINT}
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=application 58071 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 198.51.100.4
a=candidate:0 1 UDP 2122252543 9d4f1b62-7c3a-4e8e-a0d5-52b81f6c930e.local 58071 typ host
a=candidate:3 1 TCP 2105524479 9d4f1b62-7c3a-4e8e-a0d5-52b81f6c930e.local 9 typ host tcptype active
a=candidate:1 1 UDP 1686052863 198.51.100.4 58071 typ srflx raddr 0.0.0.0 rport 0
a=candidate:2 1 UDP 92217343 192.0.2.44 55001 typ relay raddr 192.0.2.44 rport 55001
a=sendrecv
a=end-of-candidates
a=ice-pwd:c41f0d8be7a35296d0e4b817f92a6c53
a=ice-ufrag:5b9e02d7
a=mid:0
a=setup:actpass
a=sctp-port:5000
a=max-message-size:1073741823
`.replaceAll("\n", "\r\n");

/** Mutates a description at one to three random places. */
export function mutate(sdp: string, random: () => number): string {
  const below = (end: number) => Math.floor(random() * end);
  const changes: ((text: string) => string)[] = [
    (text) => replaceAt(text, below(text.length), String.fromCharCode(below(256))),
    (text) => replaceAt(text, below(text.length), ""),
    (text) => inLines(text, below, (lines, at) => lines.splice(at, 1)),
    (text) => inLines(text, below, (lines, at) => lines.splice(at, 0, lines[at]!)),
    (text) =>
      inLines(text, below, (lines, at) => {
        lines[at] = replaceAt(lines[at]!, below(lines[at]!.length + 1), "x".repeat(below(400)));
      }),
    (text) =>
      inLines(text, below, (lines, at) => {
        const huge = ["-1", "0", "65536", "4294967295", "99999999999999999999", "1e9", "NaN"];
        lines[at] = lines[at]!.replace(/\d+/, () => huge[below(huge.length)]!);
      }),
    (text) =>
      inLines(text, below, (lines, at) => {
        const [name, value = ""] = lines[at]!.split(/:(.*)/);
        lines[at] = `${name}:${value.slice(0, below(value.length + 1))}`;
      }),
    (text) =>
      inLines(text, below, (lines, at) => {
        lines.splice(below(lines.length), 0, ...lines.splice(at, 1));
      }),
    (text) => text.slice(0, below(text.length + 1)),
    (text) => text.replaceAll("\r\n", "\n"),
  ];
  let text = sdp;
  for (let count = 1 + below(3); count > 0; count--) text = changes[below(changes.length)]!(text);
  return text;
}

function replaceAt(text: string, at: number, by: string): string {
  return text.slice(0, at) + by + text.slice(at + 1);
}

function inLines(
  text: string,
  below: (end: number) => number,
  change: (lines: string[], at: number) => void,
): string {
  const lines = text.split("\r\n");
  change(lines, below(lines.length));
  return lines.join("\r\n");
}
