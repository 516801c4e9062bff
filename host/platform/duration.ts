// Durations and times of day in words.

/** A duration, in the largest unit that gives at least 2: `3 hours`. @param ms In milliseconds. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} minutes`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} hours`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** The time since a moment, as {@linkcode formatDuration} gives it. @param time Milliseconds since 1970. */
export function durationSince(time: number): string {
  return formatDuration(Date.now() - time);
}

/** The local time of day of a moment: `14:05`. @param time Milliseconds since 1970. */
export function formatClock(time: number): string {
  return new Date(time).toTimeString().slice(0, 5);
}
