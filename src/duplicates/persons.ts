import { lockBudgetSubjects, type Trx } from '../db/database.ts';
import { fingerprint } from '../fingerprint.ts';
import { newId } from '../ids.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { MATCH_RULES } from './match-rules.ts';
import { keysOfPersons, missingLinks } from './person-key.ts';
import {
  closeMerges,
  insertRuleMerges,
  keysAround,
  keysConcerned,
  membersOf,
  type PersonMember,
  type Said,
  sharing,
  standingMerges,
  writeKeys,
} from './repository.ts';

/** Keeps the key of every customer what the records and the merges say: see `keysOfPersons`. */

/** A customer whose key has changed. */
export interface KeyMove {
  readonly customerId: string;
  readonly from: Buffer;
  readonly to: Buffer;
}

export interface Settled {
  readonly moves: readonly KeyMove[];
  /** Who has another picture now: everybody of the persons concerned, but of a placeholder only who was written. */
  readonly customerIds: readonly string[];
}

/** More records of one person are a placeholder: each is alone (function same_person). */
export const MOST_RECORDS = 51;

const NOBODY: Settled = { moves: [], customerIds: [] };

/**
 * Whoever changes who is one person waits here for the others who do; apart from the locks of budgets, and before them.
 * Persons by their keys in hex.
 */
export async function lockPersons(trx: Trx, keys: Iterable<string>): Promise<void> {
  await lockBudgetSubjects(
    trx,
    [...keys].map((person) => fingerprint({ person })),
  );
}

const hex = (key: Buffer) => key.toString('hex');

/**
 * Locks the persons that may change with records which are about to be written, before their rows are. Most customers are
 * alone and stay so; they cost one look-up for all of them. Returns what is locked, for `settleWritten`.
 */
export async function lockPersonsOfRecords(trx: Trx, records: readonly Said[]): Promise<ReadonlySet<string>> {
  const keys = new Set((await keysConcerned(trx, records)).map(hex));
  if (keys.size > 0) await lockPersons(trx, keys);
  return keys;
}

/** Locks the persons of customers who share one, for a caller that locks rows before it knows what it will write. */
export async function lockSharedPersons(trx: Trx, customerIds: readonly string[]): Promise<void> {
  const shared = await sharing(trx, customerIds);
  if (shared.length > 0) await lockPersons(trx, (await keysAround(trx, shared)).map(hex));
}

/**
 * Settles the keys of customers that were just written. Where others have the same resident id, a merge by rule is
 * recorded, and one whose ground is gone is undone.
 */
export async function settleWritten(
  trx: Trx,
  customerIds: readonly string[],
  lockedBefore: ReadonlySet<string>,
  at: string,
): Promise<Settled> {
  for (let locked = lockedBefore; ; ) {
    const seeds = await sharing(trx, customerIds);
    if (seeds.length === 0) return NOBODY;
    // Somebody may have come between the look-up and the locks.
    const wanted = new Set((await keysAround(trx, seeds)).map(hex)).difference(locked);
    if (wanted.size === 0) return settle(trx, seeds, at);
    await lockPersons(trx, wanted);
    locked = locked.union(wanted);
  }
}

/** Locks the persons of these customers and returns their members, whose rows are locked after them. */
export async function lockPersonsOf(trx: Trx, customerIds: readonly string[]): Promise<PersonMember[]> {
  let locked: ReadonlySet<string> = new Set();
  for (;;) {
    const keys = await keysAround(trx, customerIds);
    const wanted = new Set(keys.map(hex)).difference(locked);
    if (wanted.size === 0) return membersOf(trx, keys, { locked: true });
    await lockPersons(trx, wanted);
    locked = locked.union(wanted);
  }
}

/** Brings the keys of the persons of these customers in line with records and merges. Their persons must be locked. */
export async function settle(trx: Trx, customerIds: readonly string[], at: string): Promise<Settled> {
  const members = await membersOf(trx, await keysAround(trx, customerIds), { locked: false });
  const ownOf = new Map(members.map((member) => [member.customer_id, hex(member.own_key ?? member.debtor_key)]));
  const merges = await standingMerges(trx, [...ownOf.keys()]);
  const isGroundless = ({ reason, survivor_id, merged_id }: (typeof merges)[number]) =>
    reason === 'resident_id' && ownOf.get(survivor_id) !== ownOf.get(merged_id);
  const links = merges
    .filter((merge) => !isGroundless(merge))
    .map((merge) => ({ survivorId: merge.survivor_id, mergedId: merge.merged_id }));
  const people = members.map((member) => ({ customerId: member.customer_id, own: ownOf.get(member.customer_id)! }));
  const keys = keysOfPersons(people, links);
  const moves = members.flatMap((member): KeyMove[] => {
    const to = Buffer.from(keys.get(member.customer_id)!, 'hex');
    return to.equals(member.debtor_key) ? [] : [{ customerId: member.customer_id, from: member.debtor_key, to }];
  });
  await writeKeys(
    trx,
    moves.map(({ customerId, to }) => ({ customerId, key: to, own: Buffer.from(ownOf.get(customerId)!, 'hex') })),
  );
  const groundless = merges.filter(isGroundless);
  await closeMerges(
    trx,
    groundless.map((merge) => merge.merge_id),
    at,
  );
  const moved = new Map(moves.map((move) => [move.customerId, move]));
  const now = Temporal.Instant.from(at);
  const added = missingLinks(people, links).map((link) => {
    const to = Buffer.from(keys.get(link.mergedId)!, 'hex');
    return { ...link, mergeId: newId('mrg', now.epochMilliseconds), from: moved.get(link.mergedId)?.from ?? to, to };
  });
  await insertRuleMerges(trx, added, MATCH_RULES.version, at);
  await emitEvents(trx, now, [
    ...groundless.map((merge) => ({
      type: 'customer.merge_undone' as const,
      key: merge.merged_id,
      data: {
        mergeId: merge.merge_id,
        survivorId: merge.survivor_id,
        mergedId: merge.merged_id,
        basis: 'resident_id_changed',
      },
    })),
    ...added.map(({ mergeId, survivorId, mergedId }) => ({
      type: 'customer.merged' as const,
      key: mergedId,
      data: { mergeId, survivorId, mergedId, basis: 'resident_id', ruleVersion: MATCH_RULES.version },
    })),
  ]);
  const written = new Set([...customerIds, ...moved.keys()]);
  const sizes = Map.groupBy(keys, ([, key]) => key);
  // Of a placeholder that was one before the others know nothing new.
  const concerned = people.filter(
    ({ customerId }) =>
      written.has(customerId) || sizes.get(keys.get(customerId)!)!.length <= MOST_RECORDS + written.size,
  );
  return { moves, customerIds: concerned.map(({ customerId }) => customerId) };
}
