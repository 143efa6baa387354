import type { Pool, PoolClient } from 'pg';
import type { Services } from '../context.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { type ContactEvent, marksOf } from '../rules/contact/facts.ts';
import { type StoredAnswer, storedAnswer } from './answer.ts';
import { eventOf, type Found } from './facts.ts';
import { type Gathered, gather, subjectOf } from './gather.ts';
import { type Asked, type Judged, judge } from './judge.ts';
import { lockSubjects, type NewDecision, type NewReservation, recordDecisions } from './repository.ts';

/** One question on its way: what was asked, by whom, at which one instant. */
export interface Ask extends Asked {
  readonly clientId: string;
  readonly addressKey: Buffer | null;
}

/** A question whose answer is kept; the fingerprint tells a repeat from another question under one requestId. */
export interface RecordedAsk extends Ask {
  readonly fingerprint: Buffer;
}

export interface Decided {
  readonly answer: StoredAnswer;
  /** True when an earlier request with the same requestId was answered with this. */
  readonly repeated: boolean;
}

type Outcome = Decided | Error;
/** `policy` gives the snapshot of now; one is taken for all questions that arrived together. */
export type Deps = Pick<Services, 'pool' | 'metrics'> & { readonly policy: () => PolicyRegistry };

/** Raised by hand with every change that could alter an answer for the same facts and pack. */
export const ENGINE_VERSION = '2';

/** Answers without taking or recording anything: one query for all questions that arrived together. */
export async function decideChecks(deps: Deps, asks: readonly Ask[]): Promise<Outcome[]> {
  deps.metrics.decisionBatch.labels({ mode: 'check' }).observe(asks.length);
  const policy = deps.policy();
  const rows = await gather(deps.pool, policy, asks, { recorded: false });
  return asks.map((ask, index) => {
    try {
      const judged = judge(policy, ask, rows[index]!.found);
      return {
        answer: storedAnswer(judged, { decisionId: newId('dec', ask.nowMs), reservationId: null }),
        repeated: false,
      };
    } catch (error) {
      return error as Error;
    }
  });
}

const MAX_LOCK_TRIES = 5;

/**
 * Answers and records, and takes the slot where a reservation is permitted: lock, read, decide, write and commit in
 * one transaction for all questions that arrived together. READ COMMITTED, and the lock is a statement of its own
 * before the first read, so every contact counted by anybody before is seen.
 */
export async function decideAndRecord(deps: Deps, asks: readonly RecordedAsk[]): Promise<Outcome[]> {
  deps.metrics.decisionBatch.labels({ mode: 'record' }).observe(asks.length);
  for (let tries = 1; ; tries += 1) {
    const outcomes = await inTransaction(deps.pool, (client) => lockAndDecide(deps, client, asks));
    if (outcomes !== null) return outcomes;
    // A person or number changed hands between the look-up of the keys and their locks; look again.
    if (tries === MAX_LOCK_TRIES)
      throw new AppError('UNAVAILABLE', 'The customer is being changed; ask again.', { retryAfterSeconds: 1 });
  }
}

async function lockAndDecide(deps: Deps, client: PoolClient, asks: readonly RecordedAsk[]): Promise<Outcome[] | null> {
  const policy = deps.policy();
  const locked = await lockSubjects(client, asks.map(subjectOf));
  const rows = await gather(client, policy, asks, { recorded: true });
  const isLocked = (key: string | null) => key === null || locked.has(key);
  if (!rows.every(({ debtorKey, personKey, addressKey }) => [debtorKey, personKey, addressKey].every(isLocked)))
    return null;

  const taken = new Taken();
  const decisions: NewDecision[] = [];
  const outcomes: Outcome[] = [];
  for (const [index, ask] of asks.entries()) {
    try {
      const row = rows[index]!;
      const earlier = taken.answerTo(ask) ?? (await earlierAnswer(client, ask, row));
      if (earlier !== null) {
        outcomes.push({ answer: earlier, repeated: true });
        continue;
      }
      const judged = judge(policy, ask, taken.addTo(row));
      const { verdict } = judged;
      const reservationId = verdict.permitted && ask.request.mode === 'reserve' ? newId('res', ask.nowMs) : null;
      const answer = storedAnswer(judged, { decisionId: newId('dec', ask.nowMs), reservationId });
      const decision = decisionOf(policy, ask, row, judged, answer);
      decisions.push(decision);
      taken.remember(ask, decision, answer);
      outcomes.push({ answer, repeated: false });
    } catch (error) {
      outcomes.push(error as Error);
    }
  }
  if (decisions.length > 0) await recordDecisions(client, decisions);
  return outcomes;
}

/** What earlier questions of the same transaction took: not in the rows that were read, and still to be counted. */
class Taken {
  private readonly answers = new Map<string, { readonly fingerprint: Buffer; readonly answer: StoredAnswer }>();
  private readonly slots: { readonly keys: readonly string[]; readonly event: ContactEvent }[] = [];

  answerTo(ask: RecordedAsk): StoredAnswer | null {
    const earlier = ask.request.requestId === undefined ? undefined : this.answers.get(requestKey(ask));
    if (!earlier) return null;
    if (!earlier.fingerprint.equals(ask.fingerprint)) throw reusedRequestId();
    return earlier.answer;
  }

  addTo({ found, personKey, addressKey, debtorKey, householdKeys }: Gathered): Found {
    if (this.slots.length === 0) return found;
    const add = (events: readonly ContactEvent[], key: string | null) => {
      const mine = this.slots.filter(({ keys }) => key !== null && keys.includes(key)).map(({ event }) => event);
      return mine.length === 0 ? events : [...events, ...mine].sort((a, b) => a.at - b.at);
    };
    return {
      ...found,
      person: add(found.person, personKey),
      number: add(found.number, addressKey),
      debtor: add(found.debtor, debtorKey),
      household: found.household && householdKeys.reduce(add, found.household),
    };
  }

  remember(ask: RecordedAsk, { reservation }: NewDecision, answer: StoredAnswer): void {
    if (ask.request.requestId !== undefined)
      this.answers.set(requestKey(ask), { fingerprint: ask.fingerprint, answer });
    if (reservation === null) return;
    const keys = [reservation.personKey, reservation.addressKey].filter((key) => key !== null);
    const { reservationId, accountIds, marks } = reservation;
    const { channel, purpose } = ask.request;
    this.slots.push({
      keys,
      event: eventOf([
        reservationId,
        ask.nowMs,
        channel,
        'pending',
        'outbound',
        ask.collector.id,
        purpose,
        accountIds,
        marks,
      ]),
    });
  }
}

function requestKey(ask: Ask): string {
  return `${ask.request.customerId} ${ask.clientId} ${ask.request.requestId}`;
}

function reusedRequestId(): AppError {
  const message = 'This requestId was used with another request.';
  return new AppError('IDEMPOTENCY_CONFLICT', message, {
    errors: [{ pointer: '/requestId', code: 'DUPLICATE', message }],
  });
}

async function earlierAnswer(
  client: PoolClient,
  ask: RecordedAsk,
  { earlier }: Gathered,
): Promise<StoredAnswer | null> {
  if (earlier === null) return null;
  if (!earlier.fingerprint.equals(ask.fingerprint)) throw reusedRequestId();
  const result = await client.query<{ answer: StoredAnswer }>({
    name: 'earlier_answer',
    text: 'SELECT answer FROM decisions WHERE customer_id = $1 AND recorded_at = $2 AND decision_id = $3',
    values: [ask.request.customerId, earlier.recordedAt.toString(), earlier.decisionId],
  });
  return result.rows[0]?.answer ?? null;
}

function decisionOf(
  policy: PolicyRegistry,
  ask: RecordedAsk,
  row: Gathered,
  judged: Judged,
  answer: StoredAnswer,
): NewDecision {
  const { facts } = judged;
  // The address itself is personal data and is never stored with a decision.
  const { address: _, ...request } = ask.request;
  const recordedAt = new Date(ask.nowMs).toISOString();
  const reservation: NewReservation | null =
    answer.reservationId === null
      ? null
      : {
          reservationId: answer.reservationId,
          partyId: facts.party.partyId,
          contactPointId: facts.contactPoint?.contactPointId ?? null,
          personKey: row.personKey!,
          addressKey: row.addressKey,
          accountIds: facts.accounts.map((account) => account.accountId),
          channel: ask.request.channel,
          purpose: ask.request.purpose,
          collectorKind: ask.collector.kind,
          collectorId: ask.collector.id,
          expiresAt: answer.reservationExpiresAt!,
          marks: marksOf(facts),
        };
  return {
    customerId: ask.request.customerId,
    recordedAt,
    decisionId: answer.decisionId,
    clientId: ask.clientId,
    requestId: ask.request.requestId ?? null,
    fingerprint: ask.fingerprint,
    mode: ask.request.mode,
    permitted: answer.permitted,
    evaluatedAt: answer.evaluatedAt,
    policyVersion: answer.policyVersion,
    request,
    facts,
    answer,
    engine: engineRecord(policy, judged),
    profilePosition: row.profilePosition,
    addressKey: row.addressKey,
    reservation,
  };
}

/**
 * What decided: the engine's version, the time zone data, and the content hash of every version that decides such a
 * contact, now or later, or is in shadow; all that a replay needs.
 */
function engineRecord(policy: PolicyRegistry, { facts, verdict, ahead }: Judged): object {
  const bound = ahead.filter((pack) => pack.applicable(facts) !== null);
  const packs = Object.fromEntries(
    [...verdict.packs, ...bound].map(({ id }) => [id, policy.byId(id)?.contentHash ?? null]),
  );
  return { engine: ENGINE_VERSION, timeZoneData: process.versions.tz, packs };
}

async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T | null>): Promise<T | null> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    const result = await work(client);
    await client.query(result === null ? 'ROLLBACK' : 'COMMIT');
    return result;
  } catch (error) {
    broken = error as Error;
    await client
      .query('ROLLBACK')
      .then(() => (broken = undefined))
      .catch(() => undefined);
    throw error;
  } finally {
    client.release(broken);
  }
}
