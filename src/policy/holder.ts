import { createHash } from 'node:crypto';
import { loadPack, type Pack } from './load.ts';
import { createRegistry, type PolicyRegistry } from './registry.ts';

/** So long the snapshot is trusted without the store having been read. */
export const MAX_SILENCE_SECONDS = 60;

/** The one place in a process that changes when policy does: an immutable snapshot, swapped as a whole. */
export interface PolicyHolder {
  /** The snapshot of now. Take it once for one piece of work, so that all of it is judged alike. */
  readonly current: () => PolicyRegistry;
  /** The versions that ship with this release. */
  readonly files: readonly Pack[];
  /** Revision of the policy store that was read last; null before it was read. */
  readonly revision: () => bigint | null;
  /** The store was read and shows this; a revision older than the last one read changes nothing. */
  readonly swap: (next: PolicyRegistry, revision: bigint) => void;
  /** The store was read and shows what it showed before. */
  readonly confirm: () => void;
  /** The store holds what this release cannot carry out; before the first good reading nothing is permitted then. */
  readonly refuse: (reason: string) => void;
  /** Why this process should get no requests; null when there is no reason. */
  readonly problem: () => string | null;
  /** Loads a version's text once per process; throws PackError. `name` stands before the line in the message. */
  readonly load: (source: string, name: string) => Pack;
}

export function hashOf(source: string): string {
  return createHash('sha256').update(source).digest('hex');
}

/** Holds the files of the release until the store is read. `now` is a monotonic clock in milliseconds. */
export function createHolder(first: PolicyRegistry, now: () => number = () => performance.now()): PolicyHolder {
  const files = first.packs;
  const loaded = new Map(files.map((pack) => [pack.contentHash, pack]));
  let registry = first;
  let revision: bigint | null = null;
  let readAt: number | null = null;
  let reason: string | null = null;
  const confirm = () => {
    readAt = now();
    reason = null;
  };
  return {
    current: () => registry,
    files,
    revision: () => revision,
    swap: (next, of) => {
      if (revision !== null && of < revision) return;
      registry = next;
      revision = of;
      confirm();
    },
    confirm,
    refuse: (why) => {
      reason = why;
      if (revision === null) registry = createRegistry([], { former: first });
    },
    problem: () => {
      if (reason !== null) return reason;
      const seconds = readAt === null ? 0 : Math.floor((now() - readAt) / 1000);
      if (seconds > MAX_SILENCE_SECONDS) return `the policy store has not been read for ${seconds} s`;
      return registry.packs.length === 0 ? 'no pack is loaded' : null;
    },
    load: (source, name) => {
      const hash = hashOf(source);
      let pack = loaded.get(hash);
      if (pack === undefined) {
        pack = loadPack(source, name);
        loaded.set(hash, pack);
      }
      return pack;
    },
  };
}
