import type { Collector } from '../contact/facts.ts';
import { addressKeyOf, collectorOf } from '../contact/service.ts';
import { type Ctx, requireScope } from '../context.ts';
import { holdCustomer } from '../customers/repository.ts';
import { lockBudgetSubjects, type Trx } from '../db/database.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import { storedInstant } from '../validation.ts';
import { attemptOf, currentOutcome, noteAddress, stateOf } from './answer.ts';
import { ATTRIBUTION_DAYS, type CountableAttempt, chosenAccount, countedAs, isOpenAttribution } from './counted.ts';
import {
  type AttemptRow,
  accountIdsOf,
  type CorrectionRow,
  countAttempt,
  countedAccounts,
  findAttempt,
  findReservationFor,
  findSubject,
  markWrongNumber,
  recount,
  type Subject,
  settleReservation,
  uncountReservation,
} from './repository.ts';
import type { Attempt, AttemptCorrection, AttemptReport } from './schemas.ts';

/** A dialer's clock may run ahead of ours by this much before a start counts as being in the future. */
const CLOCK_SKEW_SECONDS = 300;

export interface Reported {
  readonly attempt: Attempt;
  readonly created: boolean;
  /** 1 and the number of corrections; the ETag. */
  readonly version: number;
}

/**
 * Records a contact that happened: early or late, with or without a reservation, before or after its expiry; it
 * counts from now on wherever its outcome counts. The same report again gives the first result; a further report of
 * an attempt that was only `placed` completes it. Throws ATTEMPT_CONFLICT for any other difference.
 */
export async function reportAttempt(ctx: Ctx, report: AttemptReport): Promise<Reported> {
  requireScope(ctx, 'contact:report');
  const collector = collectorOf(ctx, report.collector);
  const startedAt = storedInstant(report.startedAt);
  checkTimes(ctx, report, startedAt);
  const addressKey = addressKeyOf(ctx, report);
  const print = fingerprint(report);
  const result = await ctx.db.transaction().execute(async (trx) => {
    await lockAttempt(trx, report.attemptId);
    await holdCustomer(trx, report.customerId);
    const subject = await subjectOf(trx, report, addressKey);
    await lockBudgetSubjects(trx, [subject.personKey, subject.addressKey]);
    const earlier = await findAttempt(trx, report.attemptId);
    if (earlier) return { ...(await repeated(ctx, trx, earlier, report, print)), created: false };
    const row = await insertReport(ctx, trx, report, rowOf(ctx, report, subject, collector, print));
    return { row, corrections: [] as CorrectionRow[], created: true };
  });
  return {
    attempt: attemptOf(ctx, result.row, result.corrections),
    created: result.created,
    version: 1 + result.corrections.length,
  };
}

/** Writes the report, settles the reservation it belongs to, and counts the contact in place of the open slot. */
async function insertReport(
  ctx: Ctx,
  trx: Trx,
  report: AttemptReport,
  values: ReturnType<typeof rowOf>,
): Promise<AttemptRow> {
  const { attemptId, customerId } = report;
  const reservation = await findReservationFor(trx, {
    customerId,
    reservationId: report.reservationId,
    clientId: ctx.caller.clientId,
    attemptId,
  });
  if (report.reservationId !== null && !(reservation && isOwn(ctx, reservation)))
    throw notFound('/reservationId', 'reservation of this customer');
  // A call to somebody else than was permitted leaves the slot open and is itself without permission.
  const settled =
    reservation?.attempt_id === null &&
    reservation.channel === values.channel &&
    reservation.contact_point_id === values.contact_point_id &&
    reservation.party_id === values.party_id
      ? reservation
      : null;
  const startedAt = Temporal.Instant.from(values.started_at);
  const inTime =
    settled !== null && settled.released_at === null && Temporal.Instant.compare(startedAt, settled.expires_at) < 0;
  const accountIds = report.accountIds ?? reservation?.account_ids ?? [];
  if (settled) {
    await settleReservation(trx, settled, attemptId);
    await uncountReservation(trx, settled);
  }
  const details = await withAttribution(trx, { ...values, accountIds });
  const row = await trx
    .insertInto('attempts')
    .values({
      ...values,
      details: JSON.stringify(details),
      reservation_id: settled?.reservation_id ?? null,
      // The number that was permitted is the one that was called, also when the customer has a new one by now.
      address_key: settled ? settled.address_key : values.address_key,
      account_ids: accountIds,
      late: report.direction === 'outbound' && !inTime,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('attempt_directory')
    .values({ attempt_id: attemptId, customer_id: customerId, started_at: values.started_at })
    .execute();
  await countAttempt(trx, row, countedAs(countable(row, [])));
  if (row.outcome === 'wrong_number') await markWrongNumber(trx, row, true, ctx.now.toString());
  return row;
}

/** The details of a contact in which no debt was named, with the account that it shall count for. */
async function withAttribution(
  trx: Trx,
  row: Pick<ReturnType<typeof rowOf>, 'customer_id' | 'started_at' | 'person_key' | 'outcome'> & {
    details: Record<string, unknown>;
    accountIds: readonly string[];
  },
): Promise<Record<string, unknown>> {
  const { details, accountIds } = row;
  const { attributions } = details as Pick<CountableAttempt, 'attributions'>;
  if (!isOpenAttribution({ outcome: row.outcome, accountIds, attributions })) return details;
  const candidates = accountIds.length > 0 ? accountIds : await accountIdsOf(trx, row.customer_id);
  if (candidates.length < 2) return details;
  const since = Temporal.Instant.from(row.started_at).subtract({ hours: 24 * ATTRIBUTION_DAYS });
  const counted = await countedAccounts(trx, row.person_key, since);
  return { ...details, attributedTo: chosenAccount(candidates, counted) };
}

/** An attempt as it is known after its corrections, as far as it decides how it counts. */
function countable(row: AttemptRow, corrections: readonly CorrectionRow[]): CountableAttempt {
  return {
    ...(stateOf(row, corrections) as Partial<CountableAttempt>),
    outcome: currentOutcome(row, corrections),
    accountIds: row.account_ids,
  };
}

/** Two reports of one attempt wait for each other, whatever they say about whom it was with. */
async function lockAttempt(trx: Trx, attemptId: string): Promise<void> {
  await lockBudgetSubjects(trx, [fingerprint({ attemptId })]);
}

async function repeated(
  ctx: Ctx,
  trx: Trx,
  earlier: { row: AttemptRow; corrections: CorrectionRow[] },
  report: AttemptReport,
  print: Buffer,
) {
  const { row, corrections } = earlier;
  if (isOwn(ctx, row) && row.fingerprint.equals(print)) return earlier;
  const sameContact =
    isOwn(ctx, row) &&
    row.customer_id === report.customerId &&
    Temporal.Instant.compare(row.started_at, storedInstant(report.startedAt)) === 0;
  if (sameContact && report.outcome === 'placed') return earlier;
  if (!sameContact || currentOutcome(row, corrections) !== 'placed') {
    const completed = corrections.some((correction) =>
      fingerprint(correction.changes).equals(fingerprint(changesOf(report))),
    );
    if (completed && sameContact) return earlier;
    throw new AppError('ATTEMPT_CONFLICT', 'This attempt was reported with other content; correct it with PATCH.');
  }
  return appendCorrection(ctx, trx, earlier, changesOf(report));
}

/**
 * Corrects or completes an attempt by a further event; nothing is overwritten, counts follow the newest outcome.
 * Decisions that were taken meanwhile keep the facts they saw.
 */
export async function correctAttempt(
  ctx: Ctx,
  attemptId: string,
  correction: AttemptCorrection,
  expectedVersion: number | null,
): Promise<Reported> {
  requireScope(ctx, 'contact:report');
  const result = await ctx.db.transaction().execute(async (trx) => {
    await lockAttempt(trx, attemptId);
    await holdCustomer(trx, visible(ctx, await findAttempt(trx, attemptId)).row.customer_id);
    const earlier = visible(ctx, await findAttempt(trx, attemptId));
    await lockBudgetSubjects(trx, [earlier.row.person_key, earlier.row.address_key]);
    if (expectedVersion !== null && expectedVersion !== 1 + earlier.corrections.length) {
      throw new AppError('PRECONDITION_FAILED', 'The attempt has been corrected since it was read.');
    }
    return appendCorrection(ctx, trx, earlier, changesOf(correction));
  });
  return {
    attempt: attemptOf(ctx, result.row, result.corrections),
    created: false,
    version: 1 + result.corrections.length,
  };
}

async function appendCorrection(
  ctx: Ctx,
  trx: Trx,
  earlier: { row: AttemptRow; corrections: CorrectionRow[] },
  changes: Record<string, unknown>,
) {
  const { row, corrections } = earlier;
  const { note, ...open } = changes;
  const correctionNo = corrections.length + 1;
  const sealed =
    typeof note === 'string'
      ? { noteSealed: ctx.vault.seal(noteAddress(row, correctionNo), note).toString('base64') }
      : {};
  const added = await trx
    .insertInto('attempt_corrections')
    .values({
      customer_id: row.customer_id,
      attempt_id: row.attempt_id,
      correction_no: correctionNo,
      changes: JSON.stringify({ ...open, ...sealed }),
      client_id: ctx.caller.clientId,
      recorded_at: ctx.now.toString(),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const now = [...corrections, added];
  await recount(trx, row, countedAs(countable(row, now)));
  const wasWrong = currentOutcome(row, corrections) === 'wrong_number';
  const isWrong = currentOutcome(row, now) === 'wrong_number';
  if (wasWrong !== isWrong) await markWrongNumber(trx, row, isWrong, ctx.now.toString());
  return { row, corrections: now };
}

export async function getAttempt(ctx: Ctx, attemptId: string): Promise<Reported> {
  requireScope(ctx, 'contact:report');
  const { row, corrections } = visible(ctx, await findAttempt(ctx.db, attemptId));
  return { attempt: attemptOf(ctx, row, corrections), created: false, version: 1 + corrections.length };
}

/** A vendor has to do with what is its own only: attempts and slots. */
function isOwn(ctx: Ctx, row: { readonly collector_id: string }): boolean {
  return ctx.caller.collectorId === null || row.collector_id === ctx.caller.collectorId;
}

function visible<T extends { row: AttemptRow }>(ctx: Ctx, found: T | undefined): T {
  if (!found || !isOwn(ctx, found.row)) throw notFound('/attemptId', 'attempt');
  return found;
}

export function checkTimes(ctx: Pick<Ctx, 'now'>, report: AttemptReport, startedAt: Temporal.Instant): void {
  if (Temporal.Instant.compare(startedAt, ctx.now.add({ seconds: CLOCK_SKEW_SECONDS })) > 0) {
    throw unprocessable('/startedAt', 'IN_THE_FUTURE', 'A contact cannot be reported before it has started.');
  }
  if (report.endedAt !== undefined && Temporal.Instant.compare(Temporal.Instant.from(report.endedAt), startedAt) < 0) {
    throw unprocessable('/endedAt', 'OUT_OF_ORDER', 'The end is before the start.');
  }
}

async function subjectOf(trx: Trx, report: AttemptReport, addressKey: Buffer | null): Promise<Subject> {
  const found = await findSubject(trx, {
    customerId: report.customerId,
    partyId: report.partyId ?? null,
    contactPointId: report.contactPointId ?? null,
    addressKey,
  });
  if (!found.customer) throw notFound('/customerId', 'customer');
  if (!found.party) throw notFound('/partyId', 'party');
  if (report.contactPointId !== undefined && !found.contactPoint) throw notFound('/contactPointId', 'contact point');
  return {
    ...found.party,
    contactPointId: found.contactPoint?.contactPointId ?? null,
    addressKey: found.contactPoint?.addressKey ?? addressKey,
    place: found.contactPoint?.place ?? null,
  };
}

/** Only what was sent: a correction changes nothing else. */
function changesOf(report: AttemptCorrection): Record<string, unknown> {
  const { outcome, endedAt, identityVerified, attributions, recording, offeredToPay, answerIncomplete, receipt, note } =
    report;
  const changes = {
    outcome,
    endedAt,
    identityVerified,
    attributions,
    recording,
    offeredToPay,
    answerIncomplete,
    receipt,
    note,
  };
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

function rowOf(ctx: Ctx, report: AttemptReport, subject: Subject, collector: Collector, print: Buffer) {
  const { outcome: _, endedAt: __, note, ...details } = changesOf(report);
  const address = noteAddress({ customer_id: report.customerId, attempt_id: report.attemptId }, 0);
  return {
    customer_id: report.customerId,
    attempt_id: report.attemptId,
    started_at: storedInstant(report.startedAt).toString(),
    ended_at: report.endedAt ?? null,
    client_id: ctx.caller.clientId,
    party_id: subject.partyId,
    contact_point_id: subject.contactPointId,
    person_key: subject.personKey,
    address_key: subject.addressKey,
    channel: report.channel,
    direction: report.direction,
    purpose: report.purpose,
    outcome: report.outcome,
    automated: report.automated,
    collector_kind: collector.kind,
    collector_id: collector.id,
    details: {
      ...details,
      ringless: report.ringless,
      inReplyTo: report.inReplyTo,
      carrier: collector.carrier,
      place: subject.place ?? undefined,
    } as Record<string, unknown>,
    note_sealed: typeof note === 'string' ? ctx.vault.seal(address, note) : null,
    fingerprint: print,
    recorded_at: ctx.now.toString(),
  };
}
