// Where the pill is: in one of the window's corners, to which it is dragged or moved by keys.

/** A corner of the window. */
export type Corner = "top-left" | "top-right" | "bottom-left" | "bottom-right";

const CORNERS: readonly Corner[] = ["bottom-right", "bottom-left", "top-left", "top-right"];

/** The corner nearest to a point. */
export function cornerAt(x: number, y: number, width: number, height: number): Corner {
  return `${y < height / 2 ? "top" : "bottom"}-${x < width / 2 ? "left" : "right"}`;
}

/** The corner to which an arrow key moves it. @returns Undefined for other keys. */
export function cornerByKey(corner: Corner, key: string): Corner | undefined {
  const [vertical, horizontal] = corner.split("-") as ["top" | "bottom", "left" | "right"];
  if (key === "ArrowUp") return `top-${horizontal}`;
  if (key === "ArrowDown") return `bottom-${horizontal}`;
  if (key === "ArrowLeft") return `${vertical}-left`;
  if (key === "ArrowRight") return `${vertical}-right`;
  return undefined;
}

/** The next corner on the way round. */
export function cornerAfter(corner: Corner): Corner {
  return CORNERS[(CORNERS.indexOf(corner) + 1) % CORNERS.length]!;
}

/** Reads a kept corner. @returns The bottom right one if the text is none. */
export function parseCorner(text: string | null | undefined): Corner {
  return CORNERS.find((corner) => corner === text) ?? "bottom-right";
}
