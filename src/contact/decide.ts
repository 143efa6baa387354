import type { Pool, PoolClient } from 'pg';
import type { Services } from '../context.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { evaluate } from '../rules/contact/evaluate.ts';
import type { ContactFacts } from '../rules/contact/facts.ts';
import { type StoredAnswer, storedAnswer } from './answer.ts';
import { type Collector, factsOf } from './facts.ts';
import {
  type FactsKey,
  type FactsRow,
  loadFacts,
  lockSubjects,
  type NewDecision,
  type NewReservation,
  recordDecisions,
} from './repository.ts';
import type { PermissionRequest } from './schemas.ts';

/** One question on its way: what was asked, by whom, at which one instant. */
export interface Ask {
  readonly request: PermissionRequest;
  readonly collector: Collector;
  readonly clientId: string;
  readonly addressKey: Buffer | null;
  readonly nowMs: number;
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
type Deps = Pick<Services, 'pool' | 'policy' | 'metrics'>;

/** Raised by hand with every change that could alter an answer for the same facts and pack. */
export const ENGINE_VERSION = '1';

function atOf(ask: Ask): number {
  return ask.request.at === undefined ? ask.nowMs : Temporal.Instant.from(ask.request.at).epochMilliseconds;
}

function keyOf(policy: PolicyRegistry, ask: Ask): FactsKey {
  const atMs = atOf(ask);
  const since = policy.countsSince(ask.request.channel, ask.request.purpose, atMs);
  return {
    customerId: ask.request.customerId,
    partyId: ask.request.partyId ?? null,
    contactPointId: ask.request.contactPointId ?? null,
    addressKey: ask.addressKey,
    clientId: ask.clientId,
    requestId: ask.request.requestId ?? null,
    atMs,
    sinceMs: since.ms,
    debtorSinceMs: since.debtorMs,
  };
}

/** Answers without taking or recording anything: one query for all questions that arrived together. */
export async function decideChecks(deps: Deps, asks: readonly Ask[]): Promise<Outcome[]> {
  deps.metrics.decisionBatch.labels({ mode: 'check' }).observe(asks.length);
  const keys = asks.map((ask) => keyOf(deps.policy, ask));
  const rows = await loadFacts(deps.pool, keys);
  return asks.map((ask, index) => {
    try {
      const { verdict } = judge(deps.policy, ask, rows[index]!);
      return {
        answer: storedAnswer(verdict, { decisionId: newId('dec', ask.nowMs), reservationId: null }),
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
  const keys = asks.map((ask) => keyOf(deps.policy, ask));
  const locked = await lockSubjects(client, keys);
  const rows = await loadFacts(client, keys);
  const isLocked = (key: string | null) => key === null || locked.has(key);
  if (!rows.every((row) => isLocked(row.debtor_key) && isLocked(row.person_key) && isLocked(row.address_key)))
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
      const { facts, verdict } = judge(deps.policy, ask, taken.addTo(row));
      const reservationId = verdict.permitted && ask.request.mode === 'reserve' ? newId('res', ask.nowMs) : null;
      const answer = storedAnswer(verdict, { decisionId: newId('dec', ask.nowMs), reservationId });
      const decision = decisionOf(deps.policy, ask, row, facts, answer);
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
  private readonly slots: {
    readonly keys: readonly string[];
    readonly event: NonNullable<FactsRow['person_events']>[number];
  }[] = [];

  answerTo(ask: RecordedAsk): StoredAnswer | null {
    const earlier = ask.request.requestId === undefined ? undefined : this.answers.get(requestKey(ask));
    if (!earlier) return null;
    if (!earlier.fingerprint.equals(ask.fingerprint)) throw reusedRequestId();
    return earlier.answer;
  }

  addTo(row: FactsRow): FactsRow {
    if (this.slots.length === 0) return row;
    const add = (events: FactsRow['person_events'], key: string | null) => {
      const mine = this.slots.filter(({ keys }) => key !== null && keys.includes(key)).map(({ event }) => event);
      return mine.length === 0 ? events : [...(events ?? []), ...mine].sort(([, a], [, b]) => a - b);
    };
    return {
      ...row,
      person_events: add(row.person_events, row.person_key),
      number_events: add(row.number_events, row.address_key),
      debtor_events: add(row.debtor_events, row.debtor_key),
    };
  }

  remember(ask: RecordedAsk, { reservation }: NewDecision, answer: StoredAnswer): void {
    if (ask.request.requestId !== undefined)
      this.answers.set(requestKey(ask), { fingerprint: ask.fingerprint, answer });
    if (reservation === null) return;
    const keys = [reservation.personKey, reservation.addressKey].filter((key) => key !== null);
    this.slots.push({
      keys,
      event: [reservation.reservationId, ask.nowMs, ask.request.channel, 'pending', 'outbound', ask.collector.id],
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

async function earlierAnswer(client: PoolClient, ask: RecordedAsk, row: FactsRow): Promise<StoredAnswer | null> {
  if (row.earlier_decision_id === null) return null;
  if (!row.earlier_fingerprint!.equals(ask.fingerprint)) throw reusedRequestId();
  const result = await client.query<{ answer: StoredAnswer }>({
    name: 'earlier_answer',
    text: 'SELECT answer FROM decisions WHERE customer_id = $1 AND recorded_at = $2 AND decision_id = $3',
    values: [ask.request.customerId, row.earlier_recorded_at!.toString(), row.earlier_decision_id],
  });
  return result.rows[0]?.answer ?? null;
}

/** Facts and verdict for one question: pure from here on. */
function judge(policy: PolicyRegistry, ask: Ask, row: FactsRow) {
  const at = atOf(ask);
  const facts = factsOf(ask.request, ask.collector, row, at);
  return { facts, verdict: evaluate(policy.inForce(facts.jurisdictions, at), facts, at) };
}

function decisionOf(
  policy: PolicyRegistry,
  ask: RecordedAsk,
  row: FactsRow,
  facts: ContactFacts,
  answer: StoredAnswer,
): NewDecision {
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
          personKey: row.person_key,
          addressKey: row.address_key,
          accountIds: facts.accounts.map((account) => account.accountId),
          channel: ask.request.channel,
          purpose: ask.request.purpose,
          collectorKind: ask.collector.kind,
          collectorId: ask.collector.id,
          expiresAt: answer.reservationExpiresAt!,
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
    engine: engineRecord(policy, answer.policyVersion),
    reservation,
  };
}

/** What decided: the engine's version, the time zone data, and the content hash of every pack. */
function engineRecord(policy: PolicyRegistry, policyVersion: string): object {
  const packs = Object.fromEntries(policyVersion.split('+').map((id) => [id, policy.byId(id)?.contentHash ?? null]));
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
