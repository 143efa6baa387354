import type { Db, Trx } from '../db/database.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { grouped, partsOf } from '../rules/ledger/components.ts';
import { type History, includes, ledgerOf } from '../rules/ledger/history.ts';
import type { Ledger } from '../rules/ledger/replay.ts';
import { fromMinor, toMinor } from '../rules/money/money.ts';
import { dateOfDay, localDay } from '../rules/time/zone.ts';
import { historiesOf, policyOn } from './history.ts';
import {
  type AccountKey,
  type DerivedRow,
  findFacts,
  findStates,
  type SnapshotRow,
  writeDerived,
} from './repository.ts';

/** An account as its facts have made it. */
export interface DerivedAccount {
  readonly history: History;
  readonly ledger: Ledger;
  /** The day the ledger was played to. */
  readonly day: number;
}

/** The bank's day of an instant, as a day number. */
export function bankDayAt(policy: PolicyRegistry, now: Temporal.Instant): number {
  const day = Math.floor(now.epochMilliseconds / 86_400_000);
  return localDay(policyOn(policy, day).zone, now.epochMilliseconds);
}

/** The last day that something is told of: today, unless a state or a fact is of a later one. */
export function lastDay({ states, payments, charges }: History, today: number): number {
  const told = [...payments, ...charges].map(({ day }) => day);
  return Math.max(today, states.at(-1)!.opening.day, ...told);
}

/** The whole history of one account. */
export async function loadHistory(db: Db | Trx, policy: PolicyRegistry, key: AccountKey): Promise<History> {
  const states = await findStates(db, [key], true);
  return historiesOf(policy, states, await findFacts(db, [key])).get(key.accountId)!;
}

/**
 * Plays the facts of accounts, which the caller has locked, over their newest states and writes what came of it. `asNew`:
 * their rows were written in this transaction, and keep the version they got. Call refreshContactProfiles afterwards.
 */
export async function deriveAccounts(
  trx: Trx,
  policy: PolicyRegistry,
  keys: readonly AccountKey[],
  now: Temporal.Instant,
  { asNew }: { readonly asNew: boolean },
): Promise<Map<string, DerivedAccount>> {
  if (keys.length === 0) return new Map();
  const today = bankDayAt(policy, now);
  const facts = await findFacts(trx, keys);
  const newest = await findStates(trx, keys, false);
  const histories = historiesOf(policy, newest, facts);
  // What a payment of an older state had paid is only needed where it returns.
  const deep = keys.filter(({ accountId }) => returnsParts(histories.get(accountId)!));
  if (deep.length > 0) {
    const older = historiesOf(policy, await findStates(trx, deep, true), facts);
    for (const [accountId, history] of older) histories.set(accountId, history);
  }
  const derived = new Map(
    [...histories].map(([accountId, history]) => {
      const day = lastDay(history, today);
      return [accountId, { history, ledger: ledgerOf(history, day), day }];
    }),
  );
  const sent = new Map(newest.map((row) => [row.account_id, row]));
  const rows = keys.map((key) => rowOf(key, derived.get(key.accountId)!.ledger, sent.get(key.accountId)!));
  await writeDerived(trx, rows, now, asNew);
  return derived;
}

function returnsParts({ states, payments }: History): boolean {
  const newest = states.at(-1)!;
  return payments.some((payment) => payment.reversal !== null && includes(newest, payment));
}

/** The missed due date: as it was sent while nothing was posted, unless time has made it one. */
export function pastDueSinceOf(ledger: Ledger, { content }: SnapshotRow): string | null {
  const computed = ledger.pastDueSince === null ? null : dateOfDay(ledger.pastDueSince);
  const sent = (content.pastDueSince as string | null) ?? null;
  return ledger.postings.length > 0 ? computed : (sent ?? computed);
}

/** What the row shows: as it was sent while nothing was posted, but for a due date that has passed since. */
function rowOf(key: AccountKey, ledger: Ledger, state: SnapshotRow): DerivedRow {
  const { content } = state;
  const currency = content.currency as string;
  const isMoved = ledger.postings.length > 0;
  const { principal, interest, penalty, fees } = grouped(ledger.balances);
  const parts = partsOf(ledger.balances).map(({ amountMinor, ...part }) => ({
    ...part,
    amount: fromMinor(amountMinor, currency),
  }));
  const asSent = (content.minimumPaymentDue as string | null) ?? null;
  return {
    ...key,
    principalMinor: principal - ledger.creditMinor,
    interestMinor: interest,
    penaltyMinor: penalty,
    feesMinor: fees,
    pastDueSince: pastDueSinceOf(ledger, state),
    minimumDueMinor: isMoved ? ledger.minimumDueMinor : asSent === null ? null : toMinor(asSent, currency),
    derived: isMoved ? JSON.stringify({ balanceParts: parts }) : null,
    rollOn: ledger.changesOn === null ? null : dateOfDay(ledger.changesOn),
  };
}
