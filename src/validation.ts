import { z } from 'zod';
import { AppError, type FieldCode, type FieldError } from './errors.ts';

type Issue = z.core.$ZodIssue;

/** Parses input of either door with the one schema of the operation; `path` is where it stands. Throws VALIDATION_FAILED. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown, path: readonly string[] = []): z.output<S> {
  const result = schema.safeParse(input);
  if (!result.success)
    throw invalidFields(
      result.error.issues.flatMap((issue) => fieldErrors({ ...issue, path: [...path, ...issue.path] })),
    );
  if (!isStorable(result.data)) throw invalidFields(unstorable(result.data, path));
  return result.data;
}

/** What text that is refused must contain; most text contains none of it, and the test is cheap. */
const SUSPECT = /[\0\ud800-\udfff]/;

function isStorableText(text: string): boolean {
  return !SUSPECT.test(text) || (!text.includes('\0') && text.isWellFormed());
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (Array.isArray(value)) return value.every(isStorable);
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return true;
  return Object.values(value).every(isStorable);
}

/** Text that PostgreSQL refuses or would change: NUL, and half of a surrogate pair. */
function unstorable(value: unknown, path: readonly PropertyKey[]): FieldError[] {
  if (typeof value === 'string') {
    if (isStorableText(value)) return [];
    return [{ pointer: pointerOf(path), code: 'INVALID_FORMAT', message: 'must be text without NUL' }];
  }
  if (Array.isArray(value)) return value.flatMap((entry, index) => unstorable(entry, [...path, index]));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return [];
  return Object.entries(value).flatMap(([key, entry]) => unstorable(entry, [...path, key]));
}

/** So many problems of one request are told; a body of unknown keys would be answered with one many times its size. */
const MAX_ERRORS = 100;

/** 400 about the shape of these fields; the first one gives the detail. */
export function invalidFields(errors: readonly FieldError[]): AppError {
  const first = errors[0];
  return new AppError(
    'VALIDATION_FAILED',
    first ? `${first.pointer || '/'}: ${first.message}` : 'The request is not valid.',
    { errors: errors.slice(0, MAX_ERRORS) },
  );
}

/** RFC 6901: `/parties/0/name`; the empty string is the whole body. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function fieldErrors(issue: Issue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key]),
      code: 'UNKNOWN_FIELD',
      message: `Unknown field ${key}.`,
    }));
  }
  if (issue.code === 'invalid_union') {
    const nearest = [...issue.errors].sort((a, b) => (b[0]?.path.length ?? 0) - (a[0]?.path.length ?? 0))[0];
    if (nearest && nearest.length > 0)
      return nearest.flatMap((inner) => fieldErrors({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  return [{ pointer: pointerOf(issue.path), code: codeOf(issue), message: issue.message }];
}

function codeOf(issue: Issue): FieldCode {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.includes('received undefined') ? 'REQUIRED' : 'INVALID_TYPE';
    case 'invalid_format':
      return 'INVALID_FORMAT';
    case 'too_small':
      return 'TOO_SMALL';
    case 'too_big':
      return 'TOO_LARGE';
    case 'custom':
      return (issue.params?.code as FieldCode | undefined) ?? 'INVALID_VALUE';
    default:
      return 'INVALID_VALUE';
  }
}

/** The caller's own ids: customers, parties, contact points, accounts, payments, attempts, clients. */
export const idSchema = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, 'must be 1 to 64 letters, digits or . _ : -');

/** The years that the engine's tables of civil time cover; another one is a slip, and PostgreSQL has no year 0. */
const COVERED_YEAR = /^(19[7-9]|20\d)\d-/;
const inCoveredYears = (text: string) => COVERED_YEAR.test(text);

/** A civil date that exists, from 1970 to 2099. */
export const dateSchema = z.iso.date({ abort: true }).refine(inCoveredYears, 'must be from 1970 to 2099');

/**
 * RFC 3339 with an offset, from 1970 to 2099, to the nanosecond; an instant without offset is refused. Kept as text, so
 * that nothing is lost before it is stored.
 */
export const instantSchema = z.iso
  .datetime({
    offset: true,
    abort: true,
    error: (issue) => (issue.code === 'invalid_format' ? 'must be an RFC 3339 instant with offset' : undefined),
  })
  .max(40)
  .refine(
    (text) => inCoveredYears(text) && !/\.\d{10}/.test(text),
    'must be from 1970 to 2099 with at most nine decimals',
  );

/** The one zone in which the service writes instants that are not part of a decision. */
const WIRE_ZONE = 'Asia/Shanghai';

/** An instant as it is written on the wire, to the microsecond it is stored with; null stays null. */
export function wireInstant(instant: Temporal.Instant): string;
export function wireInstant(instant: Temporal.Instant | null): string | null;
export function wireInstant(instant: Temporal.Instant | null): string | null {
  return instant === null ? null : instant.toString({ timeZone: WIRE_ZONE });
}

/** An instant that `instantSchema` accepted, cut to the microseconds the database keeps. */
export function storedInstant(text: string): Temporal.Instant {
  return Temporal.Instant.from(text).round({ smallestUnit: 'microsecond', roundingMode: 'floor' });
}

/** Milliseconds since 1970 of an instant that `instantSchema` accepted. */
export function epochMs(instant: string): number {
  return Temporal.Instant.from(instant).epochMilliseconds;
}
