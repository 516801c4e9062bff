// Looks for English in what a German page says.

/** Words that are in most English sentences, and in no German one. */
const WORDS =
  /\b(?:the|this|that|your|you|is|are|has|and|of|for|with|from|by|not|again|cannot|no|it|to|as|or|on|yet|open|close|page|use|add|of)\b/i;

/** The first word in a text that is English; undefined if it has none. What stands in backticks is code. */
export function englishIn(text: string): string | undefined {
  return WORDS.exec(text.replaceAll(/`[^`]*`/g, ""))?.[0];
}
