// A long wire: each IP packet that enters one of two TUN devices leaves the other later, if at all. Not
// every kernel has delays of its own (tc netem), but all have TUN devices. Deno runs this file, since
// opening one takes an ioctl, which Node.js cannot call. It carries more than 100 MiB/s.
//
//     deno run --allow-ffi tun_wire.ts NEAR_DEVICE FAR_DEVICE
//
// It answers each line on its standard input, a `WireCommand` as JSON, by "done". The program and its
// devices end when its standard input closes.
//
// https://www.kernel.org/doc/html/latest/networking/tuntap.html

/** What the wire does to packets. A field that is left out keeps its value. */
export interface WireCommand {
  /** Time on the wire, in milliseconds. @default 0 */
  delay?: number;
  /** Share of the packets that are lost, 0 to 1. @default 0 */
  loss?: number;
  /** Limit from the near device to the far one, in kbit/s; 0 for none. @default 0 */
  down?: number;
  /** The same from the far device to the near one. */
  up?: number;
  /** Longest time that a packet waits where there is a limit, in milliseconds; others are lost. @default 0 */
  queue?: number;
  /** Loses all packets that enter in the next so many milliseconds. */
  blackout?: number;
}

/** The part of Deno that this file uses: https://docs.deno.com/api/deno/ffi */
declare const Deno: {
  args: string[];
  exit(code: number): never;
  dlopen(file: string, symbols: Record<keyof Libc, { parameters: string[]; result: "i32" }>): {
    symbols: Libc;
  };
};

interface Libc {
  open(path: Uint8Array, flags: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  read(fd: number, buffer: Uint8Array, size: number): number;
  write(fd: number, buffer: Uint8Array, size: number): number;
  ppoll(fds: Uint8Array, count: number, timeout: Uint8Array, mask: null): number;
}

/** Most packets on their way in one direction: 100 ms of 100 MiB/s. Others wait at the device. */
const SLOTS = 8192;
const PACKET = 2048;

/** Most packets that are read from a device before due ones are written. */
const BATCH = 64;

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 1;
const IFF_NO_PI = 0x1000;
const POLLIN = 1;
const STDIN = 0;

const [nearName = "", farName = ""] = Deno.args;
const libc = load();
const [near, far] = [openTun(nearName), openTun(farName)];
const [down, up] = [direction(near, far), direction(far, near)];
let [delay, loss, queue, darkUntil] = [0, 0, 0, 0];
console.log("ready");

const input = new Uint8Array(4096);
let lines = "";
const polled = new Int32Array(6);
const timeout = new BigInt64Array(2);
const polledBytes = new Uint8Array(polled.buffer);
const timeoutBytes = new Uint8Array(timeout.buffer);
for (;;) {
  const now = performance.now();
  for (const each of [down, up]) deliver(each, now);
  wait(Math.min(dueOf(down), dueOf(up)));
  for (const each of [down, up]) take(each);
}

function load(): Libc {
  const i32 = (...parameters: string[]) => ({ parameters, result: "i32" as const });
  return Deno.dlopen("libc.so.6", {
    open: i32("buffer", "i32"),
    ioctl: i32("i32", "usize", "buffer"),
    read: i32("i32", "buffer", "usize"),
    write: i32("i32", "buffer", "usize"),
    ppoll: i32("buffer", "usize", "buffer", "buffer"),
  }).symbols;
}

/** Makes a named TUN device, which lasts as long as this process. */
function openTun(name: string): number {
  const text = new TextEncoder();
  const fd = libc.open(text.encode("/dev/net/tun\0"), O_RDWR | O_NONBLOCK);
  // struct ifreq: 16 bytes of name, then the flags.
  const request = new Uint8Array(40);
  request.set(text.encode(name).subarray(0, 15));
  new DataView(request.buffer).setInt16(16, IFF_TUN | IFF_NO_PI, true);
  if (fd < 0 || libc.ioctl(fd, TUNSETIFF, request) < 0) {
    console.error(`Cannot make the TUN device ${name}: it takes Linux, root and /dev/net/tun`);
    Deno.exit(1);
  }
  return fd;
}

/** A ring of packets on their way, from `head` up to, without, `tail`, behind a bottleneck. */
function direction(from: number, to: number) {
  const packets = Array.from({ length: SLOTS }, () => new Uint8Array(PACKET));
  return {
    from,
    to,
    packets,
    head: 0,
    tail: 0,
    lengths: new Int32Array(SLOTS),
    due: new Float64Array(SLOTS),
    /** Bytes per millisecond of the bottleneck, and the time at which its queue is empty. */
    rate: Infinity,
    freeAt: 0,
  };
}

type Direction = ReturnType<typeof direction>;

function isFull({ head, tail }: Direction): boolean {
  return (tail + 1) % SLOTS === head;
}

function dueOf({ due, head, tail }: Direction): number {
  return head === tail ? Infinity : due[head]!;
}

function deliver(way: Direction, now: number): void {
  while (dueOf(way) <= now) {
    libc.write(way.to, way.packets[way.head]!, way.lengths[way.head]!);
    way.head = (way.head + 1) % SLOTS;
  }
}

function take(way: Direction): void {
  const now = performance.now();
  for (let count = 0; count < BATCH && !isFull(way); count++) {
    const length = libc.read(way.from, way.packets[way.tail]!, PACKET);
    if (length <= 0) return;
    if (now < darkUntil || Math.random() < loss) continue;
    const goes = Math.max(now, way.freeAt);
    if (goes - now > queue) continue;
    way.freeAt = goes + length / way.rate;
    way.lengths[way.tail] = length;
    way.due[way.tail] = way.freeAt + delay;
    way.tail = (way.tail + 1) % SLOTS;
  }
}

/** Sleeps until a packet arrives or is due, and obeys commands. */
function wait(due: number): void {
  // struct pollfd: the descriptor, then requested and returned events, 16 bits each.
  polled.fill(POLLIN);
  polled[0] = STDIN;
  polled[2] = isFull(down) ? -1 : down.from;
  polled[4] = isFull(up) ? -1 : up.from;
  // struct timespec: seconds, then nanoseconds below a second.
  const pause = Math.min(Math.max(0, due - performance.now()), 999);
  timeout[1] = BigInt(Math.round(pause * 1e6));
  libc.ppoll(polledBytes, 3, timeoutBytes, null);
  if (polled[1]! >>> 16) obey();
}

function obey(): void {
  const length = libc.read(STDIN, input, input.length);
  if (length <= 0) Deno.exit(0);
  const [...complete] = (lines + new TextDecoder().decode(input.subarray(0, length))).split("\n");
  lines = complete.pop()!;
  for (const line of complete) {
    set(JSON.parse(line) as WireCommand);
    console.log("done");
  }
}

function set(command: WireCommand): void {
  ({ delay = delay, loss = loss, queue = queue } = command);
  if (command.down !== undefined) down.rate = command.down / 8 || Infinity;
  if (command.up !== undefined) up.rate = command.up / 8 || Infinity;
  if (command.blackout) darkUntil = performance.now() + command.blackout;
}
