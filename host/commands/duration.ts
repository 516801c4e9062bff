// Durations in words.

/** The time since a moment, in the largest unit that gives at least 2: `3 hours`. @param time Milliseconds since 1970. */
export function durationSince(time: number): string {
  const seconds = Math.max(0, (Date.now() - time) / 1000);
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} minutes`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} hours`;
  return `${Math.floor(seconds / 86_400)} days`;
}
