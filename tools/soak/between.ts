/** Returns a random number between two bounds. */
export function between(
  { least, most }: { least: number; most: number },
  random: () => number,
): number {
  return least + random() * (most - least);
}
