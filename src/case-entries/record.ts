import type { Insertable } from 'kysely';
import { containsCardNumber } from '../cleansing/card-number.ts';
import type { Ctx } from '../context.ts';
import type { CaseEntriesTable } from '../db/tables.ts';
import type { FieldError } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import type { ColumnAddress, Vault } from '../personal-data.ts';
import { currencyDecimals, fromMinor, toMinor } from '../rules/money/money.ts';
import { pointerOf, wireInstant } from '../validation.ts';
import type { CaseEntryRow } from './repository.ts';
import { type CaseEntry, type CaseEntryKind, type NewCaseEntry, OPEN_DETAILS } from './schemas.ts';

/** From what was sent to what is written, and back. */

type Details = Readonly<Record<string, unknown>>;

const sealedAt = (
  column: 'details_sealed' | 'end_text_sealed',
  customerId: string,
  entryId: string,
): ColumnAddress => ({
  table: 'case_entries',
  column,
  rowId: `${customerId}/${entryId}`,
});

/**
 * Details with every amount written with exactly its currency's decimals, and what in them has the right shape and no
 * valid meaning: amounts that are too precise, and texts with a card number, which is stored nowhere.
 */
export function normaliseDetails(sent: Details): { readonly details: Details; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  const normalise = (value: Details, path: readonly string[]): Details =>
    Object.fromEntries(
      Object.entries(value).map(([name, one]) => {
        const here = [...path, name];
        if (typeof one === 'object' && one !== null) return [name, normalise(one as Details, here)];
        if (typeof one !== 'string') return [name, one];
        if (name === 'amount' || name === 'monthlyAmount')
          return [name, amountOf(one, value.currency as string, here, errors)];
        errors.push(...cardNumberErrors(one, here));
        return [name, one];
      }),
    );
  return { details: normalise(sent, ['details']), errors };
}

/** A card number in a free text is refused: it is stored nowhere. */
export function cardNumberErrors(text: string | null, path: readonly string[]): FieldError[] {
  if (text === null || !containsCardNumber(text)) return [];
  return [{ pointer: pointerOf(path), code: 'INVALID_VALUE', message: 'A card number is not stored; leave it out.' }];
}

function amountOf(text: string, currency: string, path: readonly string[], errors: FieldError[]): string {
  const minor = toMinor(text, currency);
  if (minor !== null) return fromMinor(minor, currency);
  const message = `${currency} has ${currencyDecimals(currency)} decimals; nothing is rounded.`;
  errors.push({ pointer: pointerOf(path), code: 'TOO_PRECISE', message });
  return text;
}

/** Days of an entry, and the instants they begin at: today's begins now, another day's with the day in the bank's zone. */
export interface Days {
  readonly zone: string;
  readonly today: string;
  readonly now: Temporal.Instant;
}

export function daysOf(zone: string, now: Temporal.Instant): Days {
  return { zone, now, today: now.toZonedDateTimeISO(zone).toPlainDate().toString() };
}

/** Instant at which a day begins; now when it is today. */
export function beginOf(date: string, { zone, today, now }: Days): Temporal.Instant {
  return date === today ? now : Temporal.PlainDate.from(date).toZonedDateTime(zone).toInstant();
}

/** Equal for two contents that say the same; tells nothing about what they say. */
export function contentKeyOf(vault: Vault, customerId: string, content: unknown): Buffer {
  return vault.index('customer', `${customerId}/${fingerprint(content).toString('hex')}`);
}

/** Seals an entry. `input` is what was sent, by which a repeat is known; `details` its normalised form. */
export function caseEntryRecord(
  ctx: Ctx,
  customerId: string,
  input: NewCaseEntry,
  details: Details,
  days: Days,
): Insertable<CaseEntriesTable> {
  const startsOn = input.on ?? days.today;
  return {
    customer_id: customerId,
    entry_id: input.entryId,
    kind: input.kind,
    account_id: input.accountId,
    collector_id: (details.collectorId as string | undefined) ?? null,
    starts_on: startsOn,
    until_on: input.until,
    ended_on: null,
    begins_at: beginOf(startsOn, days).toString(),
    ends_at: input.until === null ? null : beginOf(input.until, { ...days, today: '' }).toString(),
    details_sealed: ctx.vault.seal(sealedAt('details_sealed', customerId, input.entryId), JSON.stringify(details)),
    content_key: contentKeyOf(ctx.vault, customerId, input),
    client_id: ctx.caller.clientId,
    recorded_at: ctx.now.toString(),
  };
}

export function sealEndText(vault: Vault, row: CaseEntryRow, text: string | null): Buffer | null {
  return text === null ? null : vault.seal(sealedAt('end_text_sealed', row.customer_id, row.entry_id), text);
}

/** An entry as it stands now; without personal-data:read nothing is opened but what everybody reads. */
export function caseEntryOf(ctx: Ctx, row: CaseEntryRow): CaseEntry {
  const masked = !ctx.caller.scopes.has('personal-data:read');
  const kind = row.kind as CaseEntryKind;
  const text = ctx.vault.open(sealedAt('details_sealed', row.customer_id, row.entry_id), row.details_sealed);
  const details = JSON.parse(text) as Details;
  return {
    entryId: row.entry_id,
    customerId: row.customer_id,
    kind,
    accountId: row.account_id,
    on: row.starts_on,
    until: row.until_on,
    details: masked ? maskDetails(kind, details) : details,
    inForce:
      Temporal.Instant.compare(row.begins_at, ctx.now) <= 0 &&
      (row.ends_at === null || Temporal.Instant.compare(ctx.now, row.ends_at) < 0),
    endedOn: row.ended_on,
    outcome: row.outcome as CaseEntry['outcome'],
    endText:
      masked || row.end_text_sealed === null
        ? null
        : ctx.vault.open(sealedAt('end_text_sealed', row.customer_id, row.entry_id), row.end_text_sealed),
    masked,
    recordedAt: wireInstant(row.recorded_at),
  };
}

/** What is not known to be harmless is hidden. */
function maskDetails(kind: CaseEntryKind, details: Details): Details {
  const open = OPEN_DETAILS[kind];
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, open.includes(name) ? value : null]));
}
