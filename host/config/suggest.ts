// Suggests the known word for a mistyped one.

/** Most letters by which a word may differ from the suggestion: fewer in a short word. */
const MOST = 2;
const MOST_IN_SHORT = 1;
const SHORT = 5;

/** Fewest letters of a beginning that is completed. */
const BEGINNING = 3;

/**
 * Returns a suggestion such as `. Did you mean --relay?`, or "".
 *
 * @param prefix Text before the suggested word, such as `--`.
 */
export function suggestion(word: string, known: string[], prefix = ""): string {
  const near = known.map((each) => ({ each, distance: distanceFrom(word.toLowerCase(), each) }))
    .filter(({ each, distance }) => distance <= (each.length > SHORT ? MOST : MOST_IN_SHORT))
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? `. Did you mean ${prefix}${near.each}?` : "";
}

/** A word's beginning is farther than one wrong letter. */
function distanceFrom(word: string, known: string): number {
  const distance = distanceOf(word, known);
  const isBeginning = word.length >= BEGINNING && known.startsWith(word);
  return isBeginning ? Math.min(distance, MOST_IN_SHORT) : distance;
}

/** The Damerau–Levenshtein distance: letters to add, remove, change, or swap with the next. */
function distanceOf(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      let least = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + (isSame ? 0 : 1),
      );
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] &&
        one[i - 2] === other[j - 1];
      if (isSwapped) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[one.length]![other.length]!;
}
