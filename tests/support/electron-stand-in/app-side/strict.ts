/**
 * A stand-in that quietly has less than the real thing would make tests lie, so asking it for anything
 * that it does not have throws, and says so by name.
 */
const ASKED_BY_LANGUAGE = new Set([
  'then',
  'toJSON',
  'constructor',
  'prototype',
  'asymmetricMatch',
  'default',
]);

export function strict<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(object, property) {
      if (typeof property === 'string' && !(property in object) && !ASKED_BY_LANGUAGE.has(property))
        throw new Error(`The Electron stand-in has no ${name}.${property} (on ${process.platform})`);
      const value: unknown = Reflect.get(object, property, object);
      // Bound, because private fields belong to the object and not to its proxy.
      return typeof value === 'function' && property !== 'constructor' && property !== 'prototype'
        ? value.bind(object)
        : value;
    },
  });
}

/** The same for a class and everything it makes. */
export function strictClass<A extends never[], T extends object, C extends abstract new (...args: A) => T>(
  name: string,
  target: C,
): C {
  return new Proxy(target, {
    construct: (made, args) => strict(name, Reflect.construct(made, args)),
    get(object, property) {
      if (typeof property === 'string' && !(property in object) && !ASKED_BY_LANGUAGE.has(property))
        throw new Error(`The Electron stand-in has no ${name}.${property} (on ${process.platform})`);
      return Reflect.get(object, property, object);
    },
  });
}
