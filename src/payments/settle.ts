import type { StoredAccount } from '../accounts/repository.ts';
import type { Services } from '../context.ts';
import { refreshContactProfiles, type Trx } from '../db/database.ts';
import type { JobLog, Sweep } from '../jobs/jobs.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { dateOfDay } from '../rules/time/zone.ts';
import type { NewEvent } from '../webhooks/events.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { bankDayAt, type DerivedAccount, deriveAccounts } from './derive.ts';
import { type AccountKey, findPastDue, lockDue, postponeRoll } from './repository.ts';

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
  run: async (services, log, signal) => {
    while (!signal.aborted && (await rollAccounts(services, log, signal, BATCH)) === BATCH);
  },
};

/**
 * Rolls so many of them in one transaction. Where that fails they are rolled one by one, and one that cannot be is told of
 * and left for a day, so that it holds up no other.
 */
async function rollAccounts(services: Services, log: JobLog, signal: AbortSignal, limit: number): Promise<number> {
  const { db, policy, clock } = services;
  const now = clock();
  const registry = policy.current();
  const today = bankDayAt(registry, now);
  let keys: readonly AccountKey[] = [];
  try {
    await db.transaction().execute(async (trx) => {
      keys = await lockDue(trx, dateOfDay(today), limit);
      if (keys.length > 0) await settleAccounts(trx, registry, keys, now);
    });
  } catch (error) {
    const [first, ...others] = keys;
    if (first === undefined) throw error;
    if (others.length === 0) {
      // An error of the database may quote what was written.
      log.error({ accountId: first.accountId, code: (error as { code?: string }).code }, 'an account cannot be rolled');
      await postponeRoll(db, first, dateOfDay(today + 1));
    }
    for (let left = others.length + 1; others.length > 0 && left > 0 && !signal.aborted; left -= 1)
      await rollAccounts(services, log, signal, 1);
  }
  return keys.length;
}
