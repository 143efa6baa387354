import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Chance that is the same on every machine: whole numbers and comparisons only, no logarithm, no clock. */
export interface Draw {
  /** Whole number, both ends included. */
  readonly int: (from: number, to: number) => number;
  /** True in this share of cases. */
  readonly chance: (share: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  /** Index of one of the shares, which add up to 1. */
  readonly index: (shares: readonly number[]) => number;
  /** A value between quantiles at equal distances. */
  readonly quantile: (values: readonly number[]) => number;
}

const FINE = 1_000_000;

/** Draws for one thing of one person: another seed, person or topic gives another sequence. */
export function drawsFor(seed: number, person: number, topic: number): Draw {
  const generator = xoroshiro128plus(mix(mix(mix(seed) ^ person) ^ topic));
  // Near seeds begin alike; a few steps part them.
  for (let step = 0; step < 8; step += 1) generator.next();
  const int = (from: number, to: number) => uniformInt(generator, from, to);
  const part = () => int(0, FINE - 1) / FINE;
  return {
    int,
    chance: (share) => share > 0 && part() < share,
    pick: (list) => list[int(0, list.length - 1)]!,
    index: (shares) => {
      let left = part();
      const found = shares.findIndex((share) => {
        left -= share;
        return left < 0;
      });
      return found < 0 ? shares.findLastIndex((share) => share > 0) : found;
    },
    quantile: (values) => {
      const at = part() * (values.length - 1);
      const below = Math.floor(at);
      return values[below]! + (values[below + 1]! - values[below]!) * (at - below);
    },
  };
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
  let hash = (value ^ 0x9e3779b9) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
