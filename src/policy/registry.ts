import type { CompiledPack, Since } from '../rules/contact/compile.ts';
import type { Channel, Purpose } from '../rules/contact/facts.ts';
import { type Pack, PackError } from './load.ts';

/** The packs in force, as an immutable snapshot in memory: no query on the path of a decision. */
export interface PolicyRegistry {
  readonly packs: readonly Pack[];
  /** Versions in force at `ms` for the jurisdictions, in a fixed order. Empty when one of them has no pack: fail closed. */
  readonly inForce: (jurisdictions: readonly string[], ms: number) => readonly CompiledPack[];
  /** One version by `pack@version`, whether in force or not; undefined when unknown. */
  readonly byId: (id: string) => Pack | undefined;
  /** From when on contacts can count at `ms` or later for such a contact, under whichever of the packs. */
  readonly countsSince: (channel: Channel, purpose: Purpose, ms: number) => Since;
  /** The version of the default (first) pack in force at `ms`, for account standing; undefined before the first. */
  readonly defaultAt: (ms: number) => Pack | undefined;
}

/**
 * Builds the snapshot. A version is in force from its `effectiveFrom` until its own `effectiveUntil` or the next
 * version's `effectiveFrom`, whichever is first, so a new version ends the old one without touching its file. Throws
 * PackError when two versions of one pack start at the same instant.
 */
export function createRegistry(packs: readonly Pack[]): PolicyRegistry {
  const byId = new Map(packs.map((pack) => [pack.compiled.id, pack]));
  const successors = new Map(packs.map((pack) => [pack, startOfNext(pack, packs)]));
  const covers = (pack: Pack, ms: number): boolean => {
    const { effectiveFrom, effectiveUntil } = pack.compiled.spec;
    return effectiveFrom <= ms && ms < Math.min(effectiveUntil ?? Number.POSITIVE_INFINITY, successors.get(pack)!);
  };
  return {
    packs,
    inForce: (jurisdictions, ms) => {
      const chosen: CompiledPack[] = [];
      for (const jurisdiction of jurisdictions) {
        const own = packs.filter((pack) => covers(pack, ms) && pack.document.jurisdictions.includes(jurisdiction));
        if (own.length === 0) return [];
        for (const pack of own) if (!chosen.includes(pack.compiled)) chosen.push(pack.compiled);
      }
      return chosen;
    },
    byId: (id) => byId.get(id),
    countsSince: (channel, purpose, ms) => {
      let since = { ms, debtorMs: ms };
      for (const { compiled } of packs) {
        const own = compiled.countsSince(channel, purpose, ms);
        since = { ms: Math.min(since.ms, own.ms), debtorMs: Math.min(since.debtorMs, own.debtorMs) };
      }
      return since;
    },
    defaultAt: (ms) => packs.find((pack) => covers(pack, ms)),
  };
}

function startOfNext(pack: Pack, packs: readonly Pack[]): number {
  const { spec, id } = pack.compiled;
  let next = Number.POSITIVE_INFINITY;
  for (const other of packs) {
    if (other === pack || other.document.pack !== spec.pack) continue;
    const { effectiveFrom } = other.compiled.spec;
    if (effectiveFrom === spec.effectiveFrom)
      throw new PackError(`${id} and ${other.compiled.id} start on the same day`);
    if (effectiveFrom > spec.effectiveFrom) next = Math.min(next, effectiveFrom);
  }
  return next;
}
