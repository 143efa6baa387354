import type { Trx } from '../db/database.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { ledgerOf } from '../rules/ledger/history.ts';
import { dateOfDay } from '../rules/time/zone.ts';
import { bankDayAt, pastDueSinceOf } from './derive.ts';
import { historiesOf } from './history.ts';
import { type AccountKey, findFacts, findStates } from './repository.ts';

/** What a decision could have known: an instant it was about, and the one at which it was taken. */
export interface Known {
  readonly at: Temporal.Instant;
  readonly recordedAt: Temporal.Instant;
}

/**
 * The due dates that accounts had missed at a moment, as is known now. What was posted on the very day has no time of its
 * own: it counts if it was recorded by then.
 */
export async function pastDueKnownNow(
  trx: Trx,
  policy: PolicyRegistry,
  keys: readonly AccountKey[],
  { at, recordedAt }: Known,
): Promise<Map<string, string | null>> {
  if (keys.length === 0) return new Map();
  const day = Math.min(bankDayAt(policy, at), bankDayAt(policy, recordedAt));
  const date = dateOfDay(day);
  const isBy = (one: Temporal.Instant, other: Temporal.Instant) => Temporal.Instant.compare(one, other) <= 0;
  const states = (await findStates(trx, keys, true)).filter(
    (state) => isBy(state.as_of, at) || isBy(state.recorded_at, recordedAt),
  );
  const facts = await findFacts(trx, keys);
  const wasPosted = (fact: { posted_on: string; recorded_at: Temporal.Instant }) =>
    fact.posted_on < date || (fact.posted_on === date && isBy(fact.recorded_at, recordedAt));
  const histories = historiesOf(policy, states, {
    ...facts,
    payments: facts.payments.filter(wasPosted),
    charges: facts.charges.filter(wasPosted),
  });
  const newest = new Map(states.map((state) => [state.account_id, state]));
  return new Map(
    [...histories].map(([accountId, history]) => {
      const ledger = ledgerOf(history, Math.max(day, history.states.at(-1)!.opening.day));
      return [accountId, pastDueSinceOf(ledger, newest.get(accountId)!)];
    }),
  );
}
