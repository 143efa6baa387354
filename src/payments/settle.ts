import type { StoredAccount } from '../accounts/repository.ts';
import type { Services } from '../context.ts';
import { refreshContactProfiles, type Trx } from '../db/database.ts';
import type { Sweep } from '../jobs/jobs.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { dateOfDay } from '../rules/time/zone.ts';
import type { NewEvent } from '../webhooks/events.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { bankDayAt, type DerivedAccount, deriveAccounts } from './derive.ts';
import { type AccountKey, findPastDue, lockDue } from './repository.ts';

/**
 * The end of every change of facts: plays them, writes what came of it, tells it, and lets decisions see it. The accounts
 * are locked by the caller.
 */
export async function settleAccounts(
  trx: Trx,
  policy: PolicyRegistry,
  keys: readonly AccountKey[],
  now: Temporal.Instant,
  events: readonly NewEvent[] = [],
): Promise<Map<string, DerivedAccount>> {
  const before = await findPastDue(trx, keys);
  const derived = await deriveAccounts(trx, policy, keys, now, { asNew: false });
  const after = await findPastDue(trx, keys);
  const turned = keys.flatMap((key) =>
    turnOf(key, before.get(key.accountId) ?? null, after.get(key.accountId) ?? null),
  );
  await emitEvents(trx, now, [...events, ...turned]);
  await refreshContactProfiles(
    trx,
    keys.map(({ customerId }) => customerId),
    now.toString(),
  );
  return derived;
}

function turnOf(key: AccountKey, before: string | null, after: string | null): NewEvent[] {
  const event = (type: 'account.cured' | 'account.past_due', pastDueSince: string): NewEvent => ({
    type,
    key: key.customerId,
    data: { ...key, pastDueSince },
  });
  if (before !== null && after === null) return [event('account.cured', before)];
  return before === null && after !== null ? [event('account.past_due', after)] : [];
}

export function keyOf({ customerId, accountId }: StoredAccount): AccountKey {
  return { customerId, accountId };
}

const BATCH = 200;

/** Rolls accounts forward whose statement, due date or end of grace has come. */
export const accountRoll: Sweep = {
  name: 'accounts that bill themselves',
  everySeconds: 60,
  run: async (services, _log, signal) => {
    while (!signal.aborted && (await rollAccounts(services)) === BATCH);
  },
};

async function rollAccounts({ db, policy, clock }: Services): Promise<number> {
  const now = clock();
  const registry = policy.current();
  const today = dateOfDay(bankDayAt(registry, now));
  return db.transaction().execute(async (trx) => {
    const keys = await lockDue(trx, today, BATCH);
    if (keys.length > 0) await settleAccounts(trx, registry, keys, now);
    return keys.length;
  });
}
