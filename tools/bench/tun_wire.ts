// A long wire for `--rtt`: each IP packet that enters one of two TUN devices leaves the other after a
// delay. Deno runs this file, since opening a TUN device takes an ioctl, which Node.js cannot call. The
// program and its devices end when its standard input closes.
//
//     deno run --allow-ffi delay.ts DEVICE_A DEVICE_B ONE_WAY_MS
//
// https://www.kernel.org/doc/html/latest/networking/tuntap.html

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
  ppoll(fds: Uint8Array, count: number, timeout: Uint8Array | null, mask: null): number;
}

/** Most packets on their way in one direction: 100 ms of 100 MiB/s. Others wait at the device. */
const SLOTS = 8192;
const PACKET = 2048;

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 1;
const IFF_NO_PI = 0x1000;
const POLLIN = 1;
const STDIN = 0;

const [nameA = "", nameB = "", oneWay = ""] = Deno.args;
const delay = Number(oneWay);
const libc = load();
const [a, b] = [openTun(nameA), openTun(nameB)];
const directions = [direction(a, b), direction(b, a)];
console.log("ready");

const polled = new Int32Array(6);
const timeout = new BigInt64Array(2);
for (;;) {
  const now = performance.now();
  for (const each of directions) deliver(each, now);
  wait(Math.min(...directions.map(({ due, head, tail }) => head === tail ? Infinity : due[head]!)));
  for (const each of directions) take(each, performance.now() + delay);
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

/** A ring of waiting packets: from `head` up to, without, `tail`. */
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
  };
}

function isFull({ head, tail }: { head: number; tail: number }): boolean {
  return (tail + 1) % SLOTS === head;
}

function deliver(way: ReturnType<typeof direction>, now: number): void {
  while (way.head !== way.tail && way.due[way.head]! <= now) {
    libc.write(way.to, way.packets[way.head]!, way.lengths[way.head]!);
    way.head = (way.head + 1) % SLOTS;
  }
}

function take(way: ReturnType<typeof direction>, due: number): void {
  while (!isFull(way)) {
    const length = libc.read(way.from, way.packets[way.tail]!, PACKET);
    if (length <= 0) return;
    way.lengths[way.tail] = length;
    way.due[way.tail] = due;
    way.tail = (way.tail + 1) % SLOTS;
  }
}

/** Sleeps until a packet arrives or is due. */
function wait(due: number): void {
  const fds = [STDIN, ...directions.map((each) => isFull(each) ? -1 : each.from)];
  // struct pollfd: the descriptor, then requested and returned events, 16 bits each.
  fds.forEach((fd, i) => polled.set([fd, POLLIN], 2 * i));
  const pause = Math.max(0, due - performance.now());
  if (pause !== Infinity) timeout.set([0n, BigInt(Math.round(pause * 1e6))]);
  const limit = pause === Infinity ? null : new Uint8Array(timeout.buffer);
  libc.ppoll(new Uint8Array(polled.buffer), 3, limit, null);
  if (polled[1]! >>> 16) Deno.exit(0);
}
