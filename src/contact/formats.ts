import Negotiator from 'negotiator';
import { z } from 'zod';
import {
  ANSWER_FORMATS,
  type AnswerFormat,
  collectorSchema,
  formatQuerySchema,
  type PermissionAnswer,
  permissionAnswerSchema,
  permissionRequestSchema,
} from './schemas.ts';

const TYPES: Readonly<Record<AnswerFormat, string>> = {
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  form: 'application/x-www-form-urlencoded; charset=utf-8',
  strings: 'application/json; charset=utf-8',
};

const ACCEPTED: Readonly<Record<string, AnswerFormat>> = {
  'application/json': 'json',
  'text/plain': 'text',
  'application/x-www-form-urlencoded': 'form',
};

const FORM = 'application/x-www-form-urlencoded';
const flatStrings = z.record(z.string(), z.string());

/** A decision in any of the formats, and the formats of a problem beside the JSON one, as the documents describe them. */
export const decisionInAnyFormat = {
  description: 'The decision',
  content: {
    'application/json': { schema: z.union([permissionAnswerSchema, flatStrings]) },
    'text/plain': { schema: z.string() },
    [FORM]: { schema: z.string() },
  },
};
export const PROBLEM_FORMATS = { 'text/plain': z.string(), [FORM]: z.string(), 'application/json': flatStrings };

/** What of a request says in which format it wants its answer. */
export interface Asked {
  readonly url: string;
  readonly headers: { readonly accept?: string | undefined };
}

/** The format that `?format=` asks for, else the one that Accept prefers, else `fallback`. */
export function requestedFormat({ url, headers: { accept } }: Asked, fallback: AnswerFormat = 'json'): AnswerFormat {
  const at = url.indexOf('?');
  const named = at === -1 ? null : new URLSearchParams(url.slice(at)).get('format');
  const known = ANSWER_FORMATS.find((format) => format === named);
  if (known) return known;
  if (accept === undefined || accept === '*/*' || accept === 'application/json') {
    return accept === 'application/json' ? 'json' : fallback;
  }
  const types = [...new Set([TYPES[fallback].split(';')[0]!, ...Object.keys(ACCEPTED)])];
  return ACCEPTED[new Negotiator({ headers: { accept } }).mediaType(types) ?? ''] ?? fallback;
}

type Scalar = string | number | boolean | null;
type Fields = Readonly<Record<string, Scalar>>;

/** What stands at depth 1 of an answer: all that a dialer compares. */
export function scalarsOf(answer: object): Fields {
  return Object.fromEntries(Object.entries(answer).filter(([, value]) => value === null || typeof value !== 'object'));
}

/** Pairs that `HASH()` of Asterisk and every form parser read alike: a blank is %20, never a plus; true is 1, null is empty. */
function formOf(fields: Fields): string {
  const text = (value: Scalar) => (typeof value === 'boolean' ? String(Number(value)) : String(value ?? ''));
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(text(value))}`)
    .join('&');
}

/** One level, every value a string, null empty: what STRING_MAP of Amazon Connect takes. */
export function stringsOf(answer: object): Record<string, string> {
  return Object.fromEntries(Object.entries(scalarsOf(answer)).map(([name, value]) => [name, String(value ?? '')]));
}

/** `ALLOW`, `ALLOW res_…` when a slot was taken, `DENY <code>`, `DENY <code> <instant>` when an end of it is known. */
function lineOf(
  answer: Pick<PermissionAnswer, 'decision' | 'reasonCode' | 'reservationId' | 'nextPermittedAt'>,
): string {
  const { decision, reasonCode, reservationId, nextPermittedAt } = answer;
  return [decision, ...(decision === 'ALLOW' ? [reservationId] : [reasonCode, nextPermittedAt])]
    .filter((word) => word !== null)
    .join(' ');
}

/** A decision as text of a media type; null for JSON, which the caller sends as it is. */
export function writeAnswer(format: AnswerFormat, answer: PermissionAnswer): { type: string; text: string } | null {
  const type = TYPES[format];
  if (format === 'text') return { type, text: lineOf(answer) };
  if (format === 'form') return { type, text: formOf(scalarsOf(answer)) };
  return format === 'strings' ? { type, text: JSON.stringify(stringsOf(answer)) } : null;
}

interface ProblemLike {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string;
}

/** The line of a decision about a number that is none: no rule is asked, and nothing is recorded. */
const INVALID_NUMBER = {
  permitted: false,
  decision: 'DENY',
  reasonCode: 'INVALID_CONTACT_POINT',
  reservationId: null,
  nextPermittedAt: null,
} as const;

/**
 * A problem in the format that was asked for: `ERROR <code>`, or flat fields in which `permitted` is false; null for JSON.
 * What is wrong with the number itself is a refusal (200) for a dialer that reads one line or pairs.
 */
export function writeProblem(
  format: AnswerFormat,
  problem: ProblemLike,
): { status: number; type: string; text: string } | null {
  const { status, code, title, detail, requestId } = problem;
  const type = TYPES[format];
  const isText = format === 'text';
  if (code === 'PHONE_INVALID' && (isText || format === 'form')) {
    const reasonText = detail;
    return { status: 200, type, text: isText ? lineOf(INVALID_NUMBER) : formOf({ ...INVALID_NUMBER, reasonText }) };
  }
  if (isText) return { status, type, text: `ERROR ${code}` };
  const fields = { permitted: false, decision: 'ERROR', code, status, title, detail, requestId };
  if (format === 'form') return { status, type, text: formOf(fields) };
  return format === 'strings' ? { status, type, text: JSON.stringify(stringsOf(fields)) } : null;
}

const flag = z.enum(['0', '1', 'true', 'false']);
const {
  collector: _,
  address,
  automated,
  ringless,
  recording,
  record,
  accountIds,
  ...texts
} = permissionRequestSchema.shape;
const { kind, id, carrier } = collectorSchema.shape;
const FLAGS = new Set(['automated', 'ringless', 'recording', 'record']);

/** The fields of a permission request as text: booleans 1, 0, true or false; a list repeated or with commas. */
const flatFields = {
  ...texts,
  accountIds: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(`${accountIds.description}. Repeated, or one text with commas`),
  automated: flag.optional().describe(automated.description!),
  ringless: flag.optional(),
  recording: flag.optional().describe(recording.description!),
  record: flag.optional().describe(record.description!),
  'collector.kind': kind.optional().describe('Also as collectorKind'),
  'collector.id': id.optional().describe('Also as collectorId'),
  'collector.carrier': carrier,
  collectorKind: kind.optional(),
  collectorId: id.optional(),
  collectorCarrier: carrier,
};

/** A permission request as a form. An empty value is refused like empty text in JSON: it never means a default. */
export const permissionFormSchema = z.strictObject({ ...flatFields, address }).meta({
  id: 'PermissionForm',
  examples: [
    {
      requestId: 'dialer-7:call-123',
      mode: 'reserve',
      customerId: 'C1',
      accountIds: 'A1,A2',
      contactPointId: 'm1',
      channel: 'voice',
      automated: '0',
      callerNumber: '95588',
      'collector.kind': 'creditor',
      'collector.id': 'bank',
    },
  ],
});

/** A permission request in a URL: ids alone, and a reservation needs its requestId, because what is on the way repeats a GET. */
export const permissionQuerySchema = z
  .strictObject({
    ...flatFields,
    ...formatQuerySchema.shape,
    address: z
      .never({ error: 'personal data is never in a URL: send the contactPointId, or address in a body' })
      .optional()
      .describe('Refused: personal data is never in a URL'),
  })
  .superRefine(({ mode, requestId }, context) => {
    if (mode !== 'reserve' || requestId !== undefined) return;
    const message = 'needed, because a GET may be sent twice by what is on its way';
    context.addIssue({ code: 'custom', path: ['requestId'], message, params: { code: 'REQUIRED' } });
  })
  .transform(({ format: _format, ...fields }) => nested(fields))
  .pipe(permissionRequestSchema);

/** Flat text fields in the shape of the JSON request; what is no such text stays, and is refused as it would be there. */
export function nested(flat: Readonly<Record<string, unknown>>): z.input<typeof permissionRequestSchema> {
  const fields: Record<string, unknown> = {};
  const collector: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(flat)) {
    const part = /^collector(?:\.(kind|id|carrier)|(Kind|Id|Carrier))$/.exec(name);
    if (value === undefined) continue;
    if (part) collector[(part[1] ?? part[2]!).toLowerCase()] = value;
    else if (name === 'accountIds') fields[name] = [value].flat().flatMap((text) => String(text).split(','));
    else fields[name] = FLAGS.has(name) ? flagOf(value) : value;
  }
  if (Object.keys(collector).length > 0) fields.collector = collector;
  return fields as z.input<typeof permissionRequestSchema>;
}

function flagOf(value: unknown): unknown {
  if (value === '1' || value === 'true') return true;
  return value === '0' || value === 'false' ? false : value;
}
