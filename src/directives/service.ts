import type { Selectable } from 'kysely';
import { type Ctx, requireScope } from '../context.ts';
import { refreshContactProfiles, type Trx } from '../db/database.ts';
import type { DirectivesTable } from '../db/tables.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import { type Once, once } from '../idempotency.ts';
import { newId } from '../ids.ts';
import type { DirectiveKind } from '../rules/contact/facts.ts';
import { wireInstant } from '../validation.ts';
import type { Directive, NewDirective } from './schemas.ts';

/** Kinds that widen what is permitted: only the bank's own systems may record or end the opposite of a restriction. */
const WIDENING: readonly DirectiveKind[] = [
  'hours_consent',
  'call_consent',
  'common_debt',
  'vendor_notice',
  'private_line_approval',
];

/** Whoever talks to the person may record what restricts contact; what permits more takes `customers:write`. */
function requireMayRecord(ctx: Ctx, kind: DirectiveKind): void {
  if (ctx.caller.scopes.has('contact:report') && !WIDENING.includes(kind)) return;
  requireScope(ctx, 'customers:write');
}

/** Records what the debtor, the bank or a court has said. Throws DIRECTIVE_CONFLICT for the same id with other content. */
export async function recordDirective(
  ctx: Ctx,
  customerId: string,
  input: NewDirective,
  idempotencyKey?: string,
): Promise<Once<{ directive: Directive; created: boolean }>> {
  requireMayRecord(ctx, input.kind);
  const from = input.from ?? ctx.now.toString();
  checkPeriod(from, input.until);
  return once(ctx, 'recordDirective', idempotencyKey, { customerId, input }, async (trx) => {
    await requireReferences(trx, customerId, input);
    const directiveId = input.directiveId ?? newId('dir', ctx.now.epochMilliseconds);
    const print = fingerprint(input);
    const row = await trx
      .insertInto('directives')
      .values({
        customer_id: customerId,
        directive_id: directiveId,
        kind: input.kind,
        party_id: input.partyId,
        contact_point_id: input.contactPointId,
        account_id: input.accountId,
        channel: input.channel,
        valid_from: from,
        valid_until: input.until,
        details: JSON.stringify(input.details),
        fingerprint: print,
        client_id: ctx.caller.clientId,
        recorded_at: ctx.now.toString(),
        ended_at: null,
        end_recorded_at: null,
        end_client_id: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row) {
      await refreshContactProfiles(trx, [customerId], ctx.now.toString());
      return { directive: directiveOf(row, ctx.now), created: true };
    }
    const earlier = await findDirective(trx, customerId, directiveId);
    if (!earlier?.fingerprint.equals(print))
      throw new AppError('DIRECTIVE_CONFLICT', 'This directive was recorded with other content.');
    return { directive: directiveOf(earlier, ctx.now), created: false };
  });
}

/** Throws UNPROCESSABLE for an end that is not after the start. */
export function checkPeriod(from: string, until: string | null): void {
  if (until !== null && Temporal.Instant.compare(Temporal.Instant.from(until), Temporal.Instant.from(from)) <= 0)
    throw unprocessable('/until', 'OUT_OF_ORDER', 'The end is not after the start.');
}

/** All directives of a customer, also those that have ended, oldest first. */
export async function listDirectives(ctx: Ctx, customerId: string): Promise<Directive[]> {
  requireScope(ctx, 'customers:read');
  const customer = await ctx.db
    .selectFrom('customers')
    .select('customer_id')
    .where('customer_id', '=', customerId)
    .executeTakeFirst();
  if (!customer) throw notFound('/customerId', 'customer');
  const rows = await ctx.db
    .selectFrom('directives')
    .selectAll()
    .where('customer_id', '=', customerId)
    .orderBy('valid_from')
    .orderBy('directive_id')
    .execute();
  return rows.map((row) => directiveOf(row, ctx.now));
}

/** Ends a directive at `at` (now when null); the record of it stays. Twice is the same as once. */
export async function endDirective(
  ctx: Ctx,
  customerId: string,
  directiveId: string,
  at: string | null,
): Promise<Directive> {
  requireScope(ctx, 'customers:write');
  const end = at === null ? ctx.now : Temporal.Instant.from(at);
  if (Temporal.Instant.compare(end, ctx.now) > 0)
    throw unprocessable('/at', 'IN_THE_FUTURE', 'A directive cannot be ended in the future; give it `until` instead.');
  return ctx.db.transaction().execute(async (trx) => {
    await trx
      .updateTable('directives')
      .set({ ended_at: end.toString(), end_recorded_at: ctx.now.toString(), end_client_id: ctx.caller.clientId })
      .where('customer_id', '=', customerId)
      .where('directive_id', '=', directiveId)
      .where('ended_at', 'is', null)
      .execute();
    const row = await findDirective(trx, customerId, directiveId);
    if (!row) throw notFound('/directiveId', 'directive of this customer');
    await refreshContactProfiles(trx, [customerId], ctx.now.toString());
    return directiveOf(row, ctx.now);
  });
}

async function findDirective(trx: Trx, customerId: string, directiveId: string) {
  return trx
    .selectFrom('directives')
    .selectAll()
    .where('customer_id', '=', customerId)
    .where('directive_id', '=', directiveId)
    .executeTakeFirst();
}

async function requireReferences(trx: Trx, customerId: string, input: NewDirective): Promise<void> {
  const exists = async (
    table: 'customers' | 'parties' | 'contact_points' | 'accounts',
    column: string,
    id: string | null,
    pointer: string,
    what: string,
  ) => {
    if (id === null) return;
    const found = await trx
      .selectFrom(table)
      .select('customer_id')
      .where('customer_id', '=', customerId)
      .where(trx.dynamic.ref<never>(column), '=', id)
      .executeTakeFirst();
    if (!found) throw notFound(pointer, what);
  };
  await exists('customers', 'customer_id', customerId, '/customerId', 'customer');
  await exists('parties', 'party_id', input.partyId, '/partyId', 'party');
  await exists('contact_points', 'contact_point_id', input.contactPointId, '/contactPointId', 'contact point');
  await exists('accounts', 'account_id', input.accountId, '/accountId', 'account of this customer');
  const lawyer = input.kind === 'represented' ? (input.details.lawyerPartyId as string | undefined) : undefined;
  await exists('parties', 'party_id', lawyer ?? null, '/details/lawyerPartyId', 'party');
}

/** A directive as it is answered, and whether it is in force. */
export function directiveOf(
  row: Omit<Selectable<DirectivesTable>, 'fingerprint' | 'client_id' | 'end_recorded_at' | 'end_client_id'>,
  now: Temporal.Instant,
): Directive {
  const ends = [row.valid_until, row.ended_at].filter((end) => end !== null);
  const inForce =
    Temporal.Instant.compare(row.valid_from, now) <= 0 && ends.every((end) => Temporal.Instant.compare(now, end) < 0);
  return {
    directiveId: row.directive_id,
    customerId: row.customer_id,
    kind: row.kind as Directive['kind'],
    partyId: row.party_id,
    contactPointId: row.contact_point_id,
    accountId: row.account_id,
    channel: row.channel as Directive['channel'],
    from: wireInstant(row.valid_from),
    until: wireInstant(row.valid_until),
    details: row.details,
    inForce,
    recordedAt: wireInstant(row.recorded_at),
    endedAt: wireInstant(row.ended_at),
  };
}
