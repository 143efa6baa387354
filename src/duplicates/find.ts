import { findCustomers } from '../customers/repository.ts';
import { latestToday } from '../customers/resident-id.ts';
import type { Trx } from '../db/database.ts';
import { newId } from '../ids.ts';
import type { Vault } from '../personal-data.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { type NewCandidate, pairsByPhone, withdrawCandidates, writeCandidates } from './candidate-repository.ts';
import { matchOf } from './match.ts';
import { MATCH_RULES } from './match-rules.ts';

/**
 * Looks for customers who may be the same person as one of these, records them for review, and withdraws what is no longer
 * one. One look-up for all of them; only those who share a number are opened. Returns how many are new.
 */
export async function findCandidates(
  trx: Trx,
  vault: Vault,
  customerIds: readonly string[],
  now: Temporal.Instant,
): Promise<number> {
  const { review, version } = MATCH_RULES;
  const pairs = await pairsByPhone(trx, customerIds, review.maxCustomersPerPhone);
  const stored = pairs.length === 0 ? [] : await findCustomers(trx, vault, [...new Set(pairs.flat())]);
  const customers = new Map(stored.map((customer) => [customer.customerId, customer]));
  const today = latestToday(now);
  const found = pairs.flatMap(([customerId, otherId]): NewCandidate[] => {
    const match = matchOf(customers.get(customerId)!, customers.get(otherId)!, review, today);
    return match === null
      ? []
      : [{ candidateId: newId('dup', now.epochMilliseconds), customerId, otherId, ruleVersion: version, ...match }];
  });
  await withdrawCandidates(trx, customerIds, found, now.toString());
  const written = await writeCandidates(trx, found, now.toString());
  await emitEvents(
    trx,
    now,
    written.map(({ candidateId, customerId, otherId, score, ruleVersion }) => ({
      type: 'duplicate.found',
      key: customerId,
      data: { candidateId, customerId, otherCustomerId: otherId, score, ruleVersion },
    })),
  );
  return written.length;
}
