import { nested } from '../contact/formats.ts';
import type { DialerSetup } from '../dialers/directory.ts';
import type { MappedField } from '../dialers/schemas.ts';
import { REPORTED_OUTCOMES, type ReportedOutcome } from '../rules/contact/facts.ts';

/** A vendor's record: properties by the vendor's own names, of which most mean nothing here. */
export type VendorRecord = Readonly<Record<string, unknown>>;

/** The first property of a field that has a value; vendors send empty columns, which are none. */
export function fieldOf(dialer: DialerSetup, record: VendorRecord, field: MappedField): unknown {
  for (const name of dialer.fields[field] ?? []) {
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    const trimmed = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : value;
    if (trimmed !== undefined && trimmed !== null && trimmed !== '') return trimmed;
  }
  return undefined;
}

function fieldsOf(dialer: DialerSetup, record: VendorRecord, fields: readonly MappedField[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = fieldOf(dialer, record, field);
      return value === undefined ? [] : [[field, value]];
    }),
  );
}

/** Whom and what a contact is with, in requests and reports alike; a contact point goes before the number. */
function contactOf(dialer: DialerSetup, record: VendorRecord, fields: readonly MappedField[]): Record<string, unknown> {
  const { address, ...found } = nested(fieldsOf(dialer, record, fields)) as Record<string, unknown>;
  const { channel = 'voice', purpose, automated, collector } = dialer;
  return {
    channel,
    ...(purpose && { purpose }),
    ...(automated !== undefined && { automated }),
    ...found,
    // Who contacts is the bank's to say, where it has said so.
    ...(collector && { collector }),
    ...(address !== undefined &&
      found.contactPointId === undefined && {
        address: typeof address === 'string' ? withoutPrefix(dialer, address) : address,
      }),
  };
}

/** A permission request from a vendor's record, not yet checked. It always takes the slot: the vendor dials next. */
export function permissionOf(dialer: DialerSetup, record: VendorRecord): Record<string, unknown> {
  const { callerNumber, recording } = dialer;
  const fields = ['ringless', 'recording', 'callerNumber', 'presentsAs', 'inReplyTo', 'requestId'] as const;
  return {
    ...(callerNumber && { callerNumber }),
    ...(recording !== undefined && { recording }),
    ...contactOf(dialer, record, [...SUBJECT_FIELDS, ...fields]),
    mode: 'reserve',
  };
}

const SUBJECT_FIELDS = [
  'customerId',
  'accountIds',
  'partyId',
  'contactPointId',
  'address',
  'channel',
  'purpose',
  'automated',
  'collector',
] as const;

export interface VendorReport {
  /** An attempt report, not yet checked. */
  readonly report: Record<string, unknown>;
  /** False for the first of several reports of a call: a later one says how it ended. */
  readonly final: boolean;
  /** A result code that the map does not know; null when all is known. */
  readonly unknownCode: string | null;
}

/** An attempt report from a vendor's record. A call whose start is not told started when it was reported. */
export function reportOf(dialer: DialerSetup, record: VendorRecord, now: Temporal.Instant): VendorReport {
  const fields = ['attemptId', 'reservationId', 'direction', 'ringless', 'inReplyTo'] as const;
  const stage = fieldOf(dialer, record, 'stage');
  const final = !dialer.stages?.started.includes(String(stage));
  const { outcome, unknownCode } = outcomeOf(dialer, final ? fieldOf(dialer, record, 'outcome') : undefined);
  const endedAt = final ? instantOf(fieldOf(dialer, record, 'endedAt')) : undefined;
  return {
    report: {
      ...contactOf(dialer, record, [...SUBJECT_FIELDS, ...fields]),
      startedAt: instantOf(fieldOf(dialer, record, 'startedAt')) ?? now.toString(),
      ...(endedAt !== undefined && { endedAt }),
      outcome: final ? outcome : dialer.stages!.startedOutcome,
    },
    final,
    unknownCode,
  };
}

/** What a result code means; one that nobody knows, and a report without one, is the configured default. */
function outcomeOf(dialer: DialerSetup, value: unknown): { outcome: ReportedOutcome; unknownCode: string | null } {
  const code = value === undefined ? undefined : String(value);
  const known = code !== undefined && Object.hasOwn(dialer.outcomes, code) ? dialer.outcomes[code] : undefined;
  const own = REPORTED_OUTCOMES.find((outcome) => outcome === code);
  return { outcome: known ?? own ?? dialer.defaultOutcome, unknownCode: known || own ? null : (code ?? '') };
}

const SEPARATORS = /[\s().-]/g;

/** The number without the prefix its dialer puts before it; the first rule that fits is the one that holds. */
export function withoutPrefix({ numberPrefixes }: Pick<DialerSetup, 'numberPrefixes'>, number: string): string {
  const bare = number.replace(SEPARATORS, '');
  const rule = numberPrefixes.find(
    ({ strip, length }) => bare.startsWith(strip) && (length === undefined || bare.replace('+', '').length === length),
  );
  return rule ? rule.add + bare.slice(rule.strip.length) : number;
}

/**
 * An instant as vendors write one: RFC 3339, seconds or milliseconds since 1970, or a unique id of Asterisk, which begins
 * with the second its channel was made. Undefined for none or 0; anything else is left for the schema to refuse.
 */
export function instantOf(value: unknown): unknown {
  if (value === undefined || value === '0') return undefined;
  const text = String(value);
  const seconds = /^(?:[\w.-]+-)?(\d{9,10})(?:\.\d+)?$/.exec(text)?.[1];
  if (seconds !== undefined) return Temporal.Instant.fromEpochMilliseconds(Number(seconds) * 1000).toString();
  return /^\d{13}$/.test(text) ? Temporal.Instant.fromEpochMilliseconds(Number(text)).toString() : value;
}
