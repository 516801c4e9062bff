// Replaces parts of the platform in a window or a worker so that scripts can hardly tell: the Proxy of a
// function has the function's name, length, prototype, statics and `toString()`.

// deno-lint-ignore no-explicit-any -- the platform's functions take and return anything
type Anything = any;

/** Called in place of a function. @param native The platform's own. */
export type Replacement = (native: Anything, self: Anything, args: Anything[]) => unknown;

/** Calls the platform's own function. */
export function call(native: Anything, self: Anything, args: Anything[]): Anything {
  return Reflect.apply(native, self, args);
}

/** Calls the platform's own constructor. */
export function construct(native: Anything, args: Anything[], newTarget: Anything): Anything {
  return Reflect.construct(native, args, newTarget);
}

/** Replaces a method, where the platform has it. It stays as enumerable as it was. */
export function replaceMethod(owner: Anything, name: string, replacement: Replacement): void {
  const native = owner[name];
  if (typeof native === "function") owner[name] = proxyOf(native, replacement);
}

/** Replaces the getter or the setter of an attribute, or both, where the platform has it. */
export function replaceAccessor(
  owner: object,
  name: string,
  { get, set }: { get?: Replacement; set?: Replacement },
): void {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  if (!descriptor?.get) return;
  Object.defineProperty(owner, name, {
    ...descriptor,
    get: get ? proxyOf(descriptor.get, get) : descriptor.get,
    set: set && descriptor.set ? proxyOf(descriptor.set, set) : descriptor.set,
  });
}

/**
 * Replaces a constructor.
 *
 * @param construct Makes the object. Its prototype is to be that of `newTarget`, which may be a subclass.
 */
export function replaceConstructor(
  owner: Anything,
  name: string,
  construct: (native: Anything, args: Anything[], newTarget: Anything) => object,
): void {
  const native = owner[name];
  if (typeof native !== "function") return;
  owner[name] = native.prototype.constructor = new Proxy(native, { construct });
}

function proxyOf(native: Anything, replacement: Replacement): Anything {
  return new Proxy(native, { apply: replacement });
}
