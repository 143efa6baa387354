import { notFound } from '../errors.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { furthest } from '../rules/contact/compile.ts';

/** What deciding needs of policy. */
export type DecidingPolicy = Pick<PolicyRegistry, 'inForceAt' | 'reach'>;

/**
 * These versions decide, whatever their dates and wherever the customer is; `pointers` are where they are named. Throws
 * NOT_FOUND for an unknown one.
 */
export function pinned(policy: PolicyRegistry, ids: readonly string[], pointers: readonly string[]): DecidingPolicy {
  const found = ids.map((id, index) => {
    const pack = policy.byId(id);
    if (pack === undefined) throw notFound(pointers[index]!, 'version of a policy pack');
    return pack.compiled;
  });
  const packs = [...new Set(found)].sort((a, b) => (a.id < b.id ? -1 : 1));
  const inForce = { packs, shadow: [], until: Number.POSITIVE_INFINITY, known: true };
  return {
    inForceAt: () => inForce,
    reach: (_, question) => furthest(packs.map((pack) => pack.reach(question))),
  };
}
