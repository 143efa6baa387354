import { sql } from 'kysely';
import { accountPolicyAt } from '../accounts/policy.ts';
import { readableCollector } from '../collectors.ts';
import type { Ctx } from '../context.ts';
import { notFound } from '../errors.ts';
import { UNREPORTED_AFTER_SECONDS } from '../reservations/service.ts';
import {
  type Counts,
  countCalls,
  countIncidents,
  countLate,
  countRefusals,
  countReservations,
  isCollector,
} from './repository.ts';
import type { Scorecard, ScorecardPeriod } from './schemas.ts';

/** A card reads every reservation of its period, which may be millions. */
const STATEMENT_TIMEOUT = '60s';

/**
 * How one collector used its permissions; zeroes for one that did nothing in the period. NOT_FOUND for one of which nothing
 * was ever heard, and for a vendor's key that is another's.
 */
export async function getScorecard(ctx: Ctx, collectorId: string, period: ScorecardPeriod): Promise<Scorecard> {
  const readable = readableCollector(ctx, undefined);
  if ((readable !== null && readable !== collectorId) || !(await isCollector(ctx.db, collectorId)))
    throw notFound('/collectorId', 'collector');
  const [card] = await cardsOf(ctx, collectorId, period);
  return card ?? cardOf(collectorId, daysOf(ctx, period), {});
}

/** The cards of all collectors that took, asked for, or made a contact in the period, in the order of their ids. */
export async function listScorecards(ctx: Ctx, period: ScorecardPeriod): Promise<Scorecard[]> {
  return cardsOf(ctx, readableCollector(ctx, undefined), period);
}

interface Days {
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
}

/** The last seven days with today, where no others are named. */
function daysOf(ctx: Ctx, { from, to }: ScorecardPeriod): Days {
  const today = ctx.now.toZonedDateTimeISO(accountPolicyAt(ctx.policy, ctx.now).zone).toPlainDate();
  return {
    from: from ?? today.subtract({ days: 6 }).toString(),
    to: to ?? today.add({ days: 1 }).toString(),
  };
}

async function cardsOf(ctx: Ctx, collectorId: string | null, wanted: ScorecardPeriod): Promise<Scorecard[]> {
  const { zone } = accountPolicyAt(ctx.policy, ctx.now);
  const days = daysOf(ctx, wanted);
  const startOf = (date: string) => Temporal.PlainDate.from(date).toZonedDateTime(zone).toInstant();
  const period = { from: startOf(days.from), to: startOf(days.to), collectorId };
  const endedBy = ctx.now.subtract({ seconds: UNREPORTED_AFTER_SECONDS });
  // One snapshot for all figures, so that they agree.
  const rows = await ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      await sql`SELECT set_config('statement_timeout', ${STATEMENT_TIMEOUT}, true)`.execute(trx);
      return [
        ...(await countReservations(trx, period, endedBy)),
        ...(await countLate(trx, period)),
        ...(await countRefusals(trx, period)),
        ...(await countIncidents(trx, period)),
        ...(await countCalls(trx, period)),
      ];
    });
  const cards = [...Map.groupBy(rows, (row) => row.collector_id)].map(([id, found]) =>
    cardOf(id, days, Object.assign({}, ...found) as Partial<Counts>),
  );
  return cards.sort((a, b) => (a.collectorId < b.collectorId ? -1 : 1));
}

function cardOf(collectorId: string, { from, to }: Days, counts: Partial<Counts>): Scorecard {
  const count = (name: keyof Counts) => Number(counts[name] ?? 0);
  const reservationsTaken = count('taken');
  const settled = {
    reportedInTime: count('reported') - count('late'),
    reportedLate: count('late'),
    unreported: count('unreported'),
    released: count('released'),
  };
  const ended = Object.values(settled).reduce((sum, one) => sum + one, 0);
  const refusedAsks = count('refused_asks');
  const incidentKinds = {
    late: count('late_incidents'),
    reportedWithoutPermission: count('unasked_incidents'),
    refused: count('refused_incidents'),
    orphan: count('orphan_incidents'),
  };
  const callsExamined = count('calls');
  const callsWithoutPermission = count('calls_without_permission');
  return {
    collectorId,
    from,
    to,
    reservationsTaken,
    ...settled,
    pending: reservationsTaken - ended,
    refusedAsks,
    contactsWithoutPermission: Object.values(incidentKinds).reduce((sum, one) => sum + one, 0),
    incidentKinds,
    incidentsOpen: count('open_incidents'),
    callsExamined,
    callsWithoutPermission,
    rates: {
      reportedInTime: rateOf(settled.reportedInTime, ended),
      reportedLate: rateOf(settled.reportedLate, ended),
      unreported: rateOf(settled.unreported, ended),
      released: rateOf(settled.released, ended),
      refused: rateOf(refusedAsks, reservationsTaken + refusedAsks),
      callsWithoutPermission: rateOf(callsWithoutPermission, callsExamined),
    },
  };
}

/** A decimal fraction with four decimals, rounded half up; null when there is nothing to divide by. */
function rateOf(part: number, whole: number): string | null {
  if (whole === 0) return null;
  const [scaled, twice] = [BigInt(part) * 20_000n, BigInt(whole) * 2n];
  const digits = String((scaled + BigInt(whole)) / twice).padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}
