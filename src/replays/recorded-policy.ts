import type { DecidingPolicy } from '../contact/pin.ts';
import type { Ctx } from '../context.ts';
import type { Trx } from '../db/database.ts';
import { findSource } from '../policies/repository.ts';
import { type Pack, PackError } from '../policy/load.ts';
import { createRegistry, type PolicyRegistry } from '../policy/registry.ts';
import type { Difference } from './differences.ts';

/** What of a recorded decision tells which versions decided it. */
export interface DecidedBy {
  /** Content hashes by `pack@version`: what decided, would have decided later, or was in shadow. */
  readonly hashes: Readonly<Record<string, string | null>>;
  readonly policyVersion: string;
  readonly shadow: readonly string[];
  readonly jurisdictions: readonly string[];
  readonly atMs: number;
}

export interface RecordedPolicy extends DecidingPolicy {
  readonly byId: PolicyRegistry['byId'];
  /** Versions whose very text is not to be found any more. */
  readonly missing: readonly Difference[];
}

/** The versions of a decision, by their content, as they were in force then. */
export async function recordedPolicy(
  ctx: Pick<Ctx, 'policy' | 'policyHolder'>,
  trx: Trx,
  decided: DecidedBy,
): Promise<RecordedPolicy> {
  const ids = Object.keys(decided.hashes).filter((id) => id !== 'none');
  const found = new Map<string, Pack>();
  const missing: Difference[] = [];
  for (const id of ids) {
    const hash = decided.hashes[id] ?? null;
    const pack = (await packOf(ctx, trx, id, hash)) ?? ctx.policy.byId(id);
    if (pack !== undefined) found.set(id, pack);
    const replayed = pack?.contentHash ?? null;
    if (replayed !== hash) missing.push({ path: `/record/engine/packs/${id}`, recorded: hash, replayed });
  }
  const shadow = decided.shadow.flatMap((id) => found.get(id)?.compiled ?? []);
  const deciding = createRegistry([...found].filter(([id]) => !decided.shadow.includes(id)).map(([, pack]) => pack));
  const firstUntil = deciding.inForceAt(decided.jurisdictions, decided.atMs).until;
  return {
    missing,
    byId: (id) => found.get(id) ?? ctx.policy.byId(id),
    reach: ctx.policy.reach,
    inForceAt: (jurisdictions, ms) => {
      const then = deciding.inForceAt(jurisdictions, ms);
      // Packs that do not bind such a contact are not recorded; when they change, and whom they cover, is as it is now.
      const now = ctx.policy.inForceAt(jurisdictions, ms);
      const known = ms < firstUntil ? decided.policyVersion !== 'none' : now.known;
      return { packs: then.packs, shadow, known, until: Math.min(then.until, now.until) };
    },
  };
}

/** The very text that decided: loaded, or kept in the store. */
async function packOf(
  { policy, policyHolder }: Pick<Ctx, 'policy' | 'policyHolder'>,
  trx: Trx,
  id: string,
  hash: string | null,
): Promise<Pack | undefined> {
  if (hash === null) return undefined;
  const known = policy.byHash(hash);
  if (known !== undefined) return known;
  const source = await findSource(trx, hash);
  try {
    return source === undefined ? undefined : policyHolder.load(source, id);
  } catch (error) {
    if (error instanceof PackError) return undefined;
    throw error;
  }
}
