/** A number between two, at random. */
export function between(
  { least, most }: { least: number; most: number },
  random: () => number,
): number {
  return least + random() * (most - least);
}
