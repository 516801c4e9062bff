// Checks for the `parseX(unknown): X` functions. Each takes the path of its value, which its error
// names.

/** Parses JSON text. @throws {TypeError} If it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError("Cannot parse the message: it is not JSON", { cause });
  }
}

/** @throws {TypeError} Unless the value is an object and no array. */
export function asRecord(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`Cannot parse ${path}: expected an object, got ${kindOf(value)}`);
  }
  return value as Record<string, unknown>;
}

/**
 * @param max Longest string accepted, in UTF-16 code units.
 * @throws {TypeError} Unless the value is a string of 1 to `max` code units.
 */
export function asString(value: unknown, path: string, max: number): string {
  if (typeof value !== "string") {
    throw new TypeError(`Cannot parse ${path}: expected a string, got ${kindOf(value)}`);
  }
  if (value.length === 0 || value.length > max) {
    throw new TypeError(
      `Cannot parse ${path}: expected 1 to ${max} characters, got ${value.length}`,
    );
  }
  return value;
}

/** A value's type as an error message names it. */
function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
