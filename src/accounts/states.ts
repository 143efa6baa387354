import { refreshContactProfiles, type Trx } from '../db/database.ts';
import { deriveAccounts } from '../payments/derive.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { queueLateStates } from '../replays/late-states.ts';
import { type AccountRecord, type AccountUpsert, upsertAccounts } from './repository.ts';

/**
 * Records states of accounts, at most one of each, and plays the facts that they do not include; queues the decisions that
 * would have read them to be asked again; refreshes what decisions read, or leaves that, for the customers it puts into
 * `stale`, to the caller. Accounts without facts that do not bill themselves cost nothing more than their row.
 */
export async function recordStates(
  trx: Trx,
  policy: PolicyRegistry,
  records: readonly AccountRecord[],
  now: Temporal.Instant,
  stale?: Set<string>,
): Promise<Map<string, AccountUpsert>> {
  const { outcomes, withFacts } = await upsertAccounts(trx, records);
  const isWritten = ({ account_id }: AccountRecord) => ['created', 'updated'].includes(outcomes.get(account_id)!);
  const facts = new Set(withFacts);
  const [current, older] = [
    records.filter((record) => isWritten(record) && (record.bills || facts.has(record.account_id))),
    records.filter((record) => !isWritten(record) && facts.has(record.account_id)),
  ];
  const keys = (list: readonly AccountRecord[]) =>
    list.map((record) => ({ customerId: record.customer_id, accountId: record.account_id }));
  await deriveAccounts(trx, policy, keys(current), now, { asNew: true });
  // An older state tells what a payment had paid that was taken back since.
  await deriveAccounts(trx, policy, keys(older), now, { asNew: false });
  await queueLateStates(
    trx,
    records.filter((record) => isWritten(record) || outcomes.get(record.account_id) === 'older'),
    now,
  );
  const changed = [...records.filter(isWritten), ...older].map((record) => record.customer_id);
  if (stale) for (const customerId of changed) stale.add(customerId);
  else await refreshContactProfiles(trx, changed, now.toString());
  return outcomes;
}
