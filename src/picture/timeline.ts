import { type AccountPolicy, accountPolicyAt } from '../accounts/policy.ts';
import { requireSeesAll } from '../collectors.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { customerExists } from '../customers/repository.ts';
import { notFound } from '../errors.ts';
import { fromMinor, toMinor } from '../rules/money/money.ts';
import { type Standing, standingOf } from '../rules/segmentation/standing.ts';
import { wireInstant } from '../validation.ts';
import type { Position } from './branches.ts';
import {
  TIMELINE_KINDS,
  type TimelineItem,
  type TimelineKind,
  type TimelinePage,
  type TimelineQuery,
} from './schemas.ts';
import { type Ask, inSnapshot } from './snapshot.ts';
import { type EventRow, listEventRows, type StateFacts } from './timeline-repository.ts';

/**
 * Everything that happened with a customer and the other records of the same debtor, the newest first. The order is total,
 * and a fact that arrives late appears at its own time, so pages repeat nothing and lose nothing. Throws NOT_FOUND, and FORBIDDEN for a key
 * of a collector.
 */
export async function getTimeline(ctx: Ctx, customerId: string, query: TimelineQuery): Promise<TimelinePage> {
  requireScope(ctx, 'customers:read');
  requireScope(ctx, 'accounts:read');
  requireSeesAll(ctx);
  const page = await inSnapshot(ctx, (ask) => timelineOf(ctx, ask, customerId, query));
  if (page.items.length === 0 && !(await customerExists(ctx.db, customerId))) throw notFound('/customerId', 'customer');
  return page;
}

/** A page of the timeline in one SQL statement; empty for an unknown customer. */
export async function timelineOf(
  ctx: Ctx,
  ask: Ask,
  customerId: string,
  { limit, cursor, ...wanted }: TimelineQuery,
): Promise<TimelinePage> {
  const policy = accountPolicyAt(ctx.policy, ctx.now);
  const filters = { customerId, ...wanted };
  const kinds = wanted.kinds === undefined ? TIMELINE_KINDS : [...new Set(wanted.kinds.split(','))];
  // What is recorded now is stored to the microsecond, rounded.
  const soon = ctx.now.add({ milliseconds: 1 });
  const until = wanted.until === undefined ? soon : Temporal.Instant.from(wanted.until);
  const rows = await listEventRows(ask, customerId, kinds as TimelineKind[], {
    zone: policy.zone,
    from: wanted.from ?? null,
    until: (Temporal.Instant.compare(until, soon) < 0 ? until : soon).toString(),
    after: cursor === undefined ? null : readPosition(positionOf(ctx.vault, 'timeline', filters, cursor)),
    limit: limit + 1,
  });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map((row) => itemOf(row, policy)),
    nextCursor: rows.length > limit && last ? cursorOf(ctx.vault, 'timeline', filters, writePosition(last)) : null,
  };
}

/** By the name of the kind: a later release may have more kinds. */
function writePosition({ at, rank, key }: EventRow): string {
  return JSON.stringify([at.toString(), TIMELINE_KINDS[rank], key]);
}

function readPosition(text: string): Position {
  const [at, kind, key] = JSON.parse(text) as [string, TimelineKind, string];
  return { at, rank: TIMELINE_KINDS.indexOf(kind), key };
}

function itemOf(row: EventRow, policy: AccountPolicy): TimelineItem {
  return {
    at: wireInstant(row.at),
    kind: TIMELINE_KINDS[row.rank]!,
    id: row.id,
    customerId: row.customer_id,
    accountIds: row.account_ids,
    collectorId: row.collector_id,
    summary: row.state === null ? withAmount(row.summary) : stateSummary(row.state, row.state_before, policy),
  };
}

function withAmount({ amountMinor, ...summary }: TimelineItem['summary']): TimelineItem['summary'] {
  if (typeof amountMinor !== 'string') return summary;
  return { ...summary, amount: fromMinor(BigInt(amountMinor), String(summary.currency)) };
}

function stateSummary(state: StateFacts, before: StateFacts | null, policy: AccountPolicy): TimelineItem['summary'] {
  const { daysPastDue, bucket } = standingThen(state, policy);
  return {
    status: state.status,
    total: fromMinor(totalOf(state), state.currency),
    currency: state.currency,
    pastDueSince: state.pastDueSince,
    daysPastDue,
    bucket,
    bucketBefore: before === null ? null : standingThen(before, policy).bucket,
  };
}

function totalOf({ balances, currency }: StateFacts): bigint {
  return Object.values(balances).reduce((sum, part) => sum + (toMinor(part, currency) ?? 0n), 0n);
}

/** Standing of an account on the day of the state. */
function standingThen(state: StateFacts, policy: AccountPolicy): Standing {
  const minor = (amount: string | null) => (amount === null ? null : toMinor(amount, state.currency));
  return standingOf(
    {
      pastDueSince: state.pastDueSince,
      minimumDueMinor: minor(state.minimumPaymentDue),
      totalMinor: totalOf(state),
      todayDate: Temporal.Instant.from(state.asOf).toZonedDateTimeISO(policy.zone).toPlainDate().toString(),
    },
    {
      ...policy,
      graceDays: state.graceDays ?? policy.graceDays,
      graceAmountMinor: minor(state.graceAmount ?? policy.graceAmount) ?? 0n,
    },
  );
}
