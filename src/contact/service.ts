import { sql } from 'kysely';
import { uncountReservation } from '../attempts/repository.ts';
import { createBatcher, createLimiter } from '../batcher.ts';
import { seesAll } from '../collectors.ts';
import { type Ctx, requireScope } from '../context.ts';
import { holdCustomer } from '../customers/repository.ts';
import { type Db, lockBudgetSubjects, type Trx } from '../db/database.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import { timeOfId } from '../ids.ts';
import { normaliseAddress } from '../phone.ts';
import { KIND_OF_CHANNEL } from '../rules/contact/facts.ts';
import { withToken } from '../tokens/service.ts';
import { wireInstant } from '../validation.ts';
import { renderAnswer, type StoredAnswer } from './answer.ts';
import { type Ask, type Decided, type Deps, decideAndRecord, decideChecks, type RecordedAsk } from './decide.ts';
import type { Collector } from './facts.ts';
import type { PermissionAnswer, PermissionRequest, RecordedDecision, Reservation } from './schemas.ts';

/** Sends questions that arrive together through one query, and reservations through one transaction. */
export interface Decider {
  readonly check: (ask: Ask) => Promise<Decided>;
  readonly record: (ask: RecordedAsk) => Promise<Decided>;
  /** Many questions of one caller as one piece of work; few such pieces run at once, so single questions find their way. */
  readonly checkAll: (asks: readonly Ask[]) => Promise<readonly (Decided | Error)[]>;
  readonly recordAll: (asks: readonly RecordedAsk[]) => Promise<readonly (Decided | Error)[]>;
}

/** Batches stay small enough that a hot customer holds up few others, and two run at once so the database never idles. */
export function createDecider(deps: Deps): Decider {
  return {
    check: createBatcher((asks: readonly Ask[]) => decideChecks(deps, asks), { maxItems: 64, concurrency: 2 }),
    record: createBatcher((asks: readonly RecordedAsk[]) => decideAndRecord(deps, asks), {
      maxItems: 32,
      concurrency: 2,
    }),
    checkAll: createLimiter((asks) => decideChecks(deps, asks), 2),
    recordAll: createLimiter((asks) => decideAndRecord(deps, asks), 2),
  };
}

/** May this person be contacted? Reserves the slot when asked to and permitted. A refusal is an answer, not an error. */
export async function requestPermission(ctx: Ctx, request: PermissionRequest): Promise<PermissionAnswer> {
  requireScope(ctx, 'contact:check');
  const ask = askOf(ctx, request);
  const decided = isRecorded(ask) ? await ctx.decider.record(ask) : await ctx.decider.check(ask);
  const { answer, repeated } = decided;
  if (!answer.permitted || ctx.log.level === 'debug') {
    const line = {
      decisionId: answer.decisionId,
      customerId: request.customerId,
      mode: request.mode,
      decision: answer.decision,
      reasons: answer.reasons.map(({ ruleId }) => ruleId),
      repeated,
    };
    ctx.log[answer.permitted ? 'debug' : 'info'](line, 'decided');
  }
  return answerOf(ctx, ask, decided);
}

/** A question with all that deciding it needs. Throws what is wrong with its collector or address. */
export function askOf(ctx: Ctx, request: PermissionRequest): Ask | RecordedAsk {
  const ask: Ask = {
    request,
    collector: collectorOf(ctx, request.collector),
    clientId: ctx.caller.clientId,
    addressKey: addressKeyOf(ctx, request),
    nowMs: ctx.now.epochMilliseconds,
  };
  return (request.record ?? request.mode === 'reserve') ? { ...ask, fingerprint: fingerprint(request) } : ask;
}

export function isRecorded(ask: Ask | RecordedAsk): ask is RecordedAsk {
  return 'fingerprint' in ask;
}

/** Counts a decision, puts it into the caller's language, and proves the slot that it took: only that takes time. */
export function answerOf(
  ctx: Ctx,
  { request, collector }: Ask,
  { answer, repeated }: Decided,
): PermissionAnswer | Promise<PermissionAnswer> {
  ctx.metrics.countDecision(request.mode, answer.permitted, answer.reasons[0]?.code ?? 'none');
  // A version may have been published since the request began; the newest snapshot knows whatever decided.
  const rendered = renderAnswer(answer, ctx.policyHolder.current(), ctx.language);
  return answer.reservationId === null ? rendered : withToken(ctx, request, collector.id, rendered, repeated);
}

/** The collector a caller speaks for; a vendor's key may speak for nobody else. */
export function collectorOf(ctx: Ctx, given: Collector | undefined): Collector {
  const own = ctx.caller.collectorId;
  if (own === null) {
    if (given) return given;
    const message = 'Needed, because this key belongs to no collector.';
    throw new AppError('VALIDATION_FAILED', `/collector: ${message}`, {
      errors: [{ pointer: '/collector', code: 'REQUIRED', message }],
    });
  }
  if (given && (given.id !== own || given.kind !== 'third_party'))
    throw new AppError('FORBIDDEN', `This key may act only as the third party ${own}.`);
  return given ?? { kind: 'third_party', id: own };
}

/** Blind index of the address a dialer sent instead of a contact point; null when it sent none. Throws PHONE_INVALID. */
export function addressKeyOf(
  ctx: Ctx,
  { address, channel }: Pick<PermissionRequest, 'address' | 'channel'>,
): Buffer | null {
  if (address === undefined) return null;
  const kind = KIND_OF_CHANNEL[channel] ?? 'phone';
  const normalised = normaliseAddress(kind, address);
  if (normalised !== null) return ctx.vault.index(kind, normalised);
  const code = kind === 'phone' ? 'PHONE_INVALID' : 'INVALID_FORMAT';
  throw unprocessable('/address', code, 'This is no valid address for the channel.');
}

/** A recorded decision with the facts it saw. NOT_FOUND also for an unrecorded one and for another client's. */
export async function getDecision(ctx: Ctx, decisionId: string): Promise<RecordedDecision> {
  requireScope(ctx, 'contact:check');
  const time = timeOfId(decisionId);
  const row =
    time === null
      ? undefined
      : await ctx.db
          .selectFrom('decisions')
          .selectAll()
          .where('decision_id', '=', decisionId)
          .where('recorded_at', '=', Temporal.Instant.fromEpochMilliseconds(time))
          .executeTakeFirst();
  if (!row || (row.client_id !== ctx.caller.clientId && !seesAll(ctx)))
    throw notFound('/decisionId', 'recorded decision');
  const { permissionToken: _, ...answer } = renderAnswer(
    row.answer as unknown as StoredAnswer,
    ctx.policy,
    ctx.language,
  );
  return {
    ...answer,
    record: {
      recordedAt: wireInstant(row.recorded_at),
      clientId: row.client_id,
      requestId: row.request_id,
      customerId: row.customer_id,
      mode: row.mode as 'check' | 'reserve',
      request: row.request,
      facts: row.facts,
      engine: row.engine as RecordedDecision['record']['engine'],
    },
  };
}

async function findReservation(ctx: Ctx, db: Db | Trx, reservationId: string) {
  const row = await db
    .selectFrom('reservations')
    .selectAll()
    .where('reservation_id', '=', reservationId)
    .executeTakeFirst();
  if (!row || (row.client_id !== ctx.caller.clientId && !seesAll(ctx))) throw notFound('/reservationId', 'reservation');
  return row;
}

type ReservationRow = Awaited<ReturnType<typeof findReservation>>;

function reservationOf(row: ReservationRow, now: Temporal.Instant): Reservation {
  const expired = Temporal.Instant.compare(row.expires_at, now) <= 0;
  return {
    reservationId: row.reservation_id,
    decisionId: row.decision_id,
    customerId: row.customer_id,
    status: row.attempt_id !== null ? 'reported' : row.released_at !== null ? 'released' : expired ? 'expired' : 'live',
    partyId: row.party_id,
    contactPointId: row.contact_point_id,
    channel: row.channel as Reservation['channel'],
    purpose: row.purpose as Reservation['purpose'],
    reservedAt: wireInstant(row.reserved_at),
    expiresAt: wireInstant(row.expires_at),
    releasedAt: wireInstant(row.released_at),
    releaseReason: row.release_reason,
    attemptId: row.attempt_id,
  };
}

export async function getReservation(ctx: Ctx, reservationId: string): Promise<Reservation> {
  requireScope(ctx, 'contact:check');
  return reservationOf(await findReservation(ctx, ctx.db, reservationId), ctx.now);
}

/**
 * Gives a slot back: the contact did not and will not happen. Twice is the same as once. Throws RESERVATION_SETTLED
 * when an outcome was reported, because then the contact did happen.
 */
export async function releaseReservation(ctx: Ctx, reservationId: string, reason: string): Promise<Reservation> {
  requireScope(ctx, 'contact:check');
  const row = await ctx.db.transaction().execute(async (trx) => {
    const seen = await findReservation(ctx, trx, reservationId);
    await holdCustomer(trx, seen.customer_id);
    await lockBudgetSubjects(trx, [seen.person_key, seen.address_key]);
    const found = await findReservation(ctx, trx, reservationId);
    if (found.released_at !== null || found.attempt_id !== null) return found;
    await uncountReservation(trx, found);
    return trx
      .updateTable('reservations')
      .set({
        released_at: ctx.now.toString(),
        release_reason: reason,
        released_position: sql<bigint>`nextval('ledger_positions')`,
      })
      .where('customer_id', '=', found.customer_id)
      .where('reservation_id', '=', reservationId)
      .returningAll()
      .executeTakeFirstOrThrow();
  });
  if (row.attempt_id !== null)
    throw new AppError(
      'RESERVATION_SETTLED',
      'An outcome was reported for this reservation; it can no longer be released.',
    );
  return reservationOf(row, ctx.now);
}
