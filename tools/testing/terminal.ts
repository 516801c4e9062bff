// For tests: runs a program in a terminal of a size, by Python's pty module, and reads QR codes that it
// shows.
import { stripVTControlCharacters } from "node:util";
import { decodeQR } from "qr/decode.js";

/** Starts argv[3:] in a terminal of argv[1] columns and argv[2] rows, between standard input and output. */
const IN_TERMINAL = `
import fcntl, os, pty, select, signal, struct, sys, termios
child, terminal = pty.fork()
if child == 0:
    size = struct.pack("HHHH", int(sys.argv[2]), int(sys.argv[1]), 0, 0)
    fcntl.ioctl(0, termios.TIOCSWINSZ, size)
    os.execvp(sys.argv[3], sys.argv[3:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
sources = [terminal, 0]
while terminal in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b""
        if data:
            os.write(terminal if source == 0 else 1, data)
        else:
            sources.remove(source)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
`;

/** What to start a program through, as {@linkcode StartOptions} take it. */
export function inTerminal(columns: number, rows: number): string[] {
  return ["python3", "-c", IN_TERMINAL, String(columns), String(rows)];
}

/** A text without its colours. */
export function withoutColors(text: string): string {
  return stripVTControlCharacters(text);
}

/** The lines of a QR code among a program's lines, without their colours. */
export function codeLines(lines: string[]): string[] {
  return lines.map(withoutColors).filter((line) => /^[█▀▄ ]{25,}$/.test(line));
}

/** Pixels of a square. */
const CELL = 4;

/**
 * Reads a QR code as a camera sees it on a screen.
 *
 * @param lines Those of the code.
 * @param background Whether the terminal is dark, so that blocks are light, or the other way round.
 * @throws If there is no code that can be read.
 */
export function readCode(lines: string[], background: "dark" | "light" = "dark"): string {
  const rows = lines.flatMap((line) => [
    Array.from(line, (sign) => sign === "█" || sign === "▀"),
    Array.from(line, (sign) => sign === "█" || sign === "▄"),
  ]);
  // The window around the code.
  const [columns, margin] = [rows[0]!.length, 8];
  const [width, height] = [columns + 2 * margin, rows.length + 2 * margin].map((n) => n * CELL);
  const data = new Uint8Array(width! * height! * 4);
  for (let y = 0; y < height!; y++) {
    for (let x = 0; x < width!; x++) {
      const isBlock = rows[Math.floor(y / CELL) - margin]?.[Math.floor(x / CELL) - margin] ?? false;
      const value = isBlock === (background === "dark") ? 255 : 0;
      data.set([value, value, value, 255], (y * width! + x) * 4);
    }
  }
  return decodeQR({ width: width!, height: height!, data }, { timeLimit: 5_000, effort: 8 });
}
