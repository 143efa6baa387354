import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A package that brings no types, or that only bench/package.json knows; `T` says the part of it that is used. */
export function requireAny<T>(name: string): T {
  return require(name) as T;
}
