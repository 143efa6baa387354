import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

type Prefix = 'dec' | 'res' | 'imp' | 'dir' | 'bkt' | 'evt' | 'whe' | 'inc' | 'cru' | 'mrg' | 'dup' | 'dse';

/** `prefix_` and a UUID of version 7 (RFC 9562) whose time is `ms`, so ids sort by time and name their partition. */
export function newId(prefix: Prefix, ms: number): string {
  if (used + 10 > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString('hex', used, used + 10);
  used += 10;
  const variant = ((Number.parseInt(random[3]!, 16) & 0x3) | 0x8).toString(16);
  return `${leastId(prefix, ms)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/** Milliseconds inside an id made by `newId`; null when the text is no such id. */
export function timeOfId(id: string): number | null {
  const match = /^[a-z]{3}_([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : null;
}

/** What no id that `newId` makes at `ms` or later is less than. */
export function leastId(prefix: Prefix, ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${prefix}_${time.slice(0, 8)}-${time.slice(8)}`;
}
