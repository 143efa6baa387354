import { z } from 'zod';
import { importSchema } from '../imports/schemas.ts';
import { CALL_RECORD_SOURCES } from '../incidents/schemas.ts';
import { idSchema, instantSchema } from '../validation.ts';
import { ROW_CODES } from './row.ts';

/** What was found out about one call. */
export const CALL_RESULTS = [
  'permitted',
  'late',
  'reported_without_permission',
  'refused',
  'orphan',
  'unknown_number',
  'inbound',
] as const;
export type CallResult = (typeof CALL_RESULTS)[number];

export const UPLOAD_STATUSES = ['receiving', 'queued', 'running', 'completed', 'failed'] as const;
export type UploadStatus = (typeof UPLOAD_STATUSES)[number];

export const uploadQuerySchema = z.strictObject({
  vendor: idSchema
    .optional()
    .describe("The collector whose calls these are; left out: the collector of the caller's key"),
  source: z
    .enum(CALL_RECORD_SOURCES)
    .default('vendor')
    .describe('Whose records: the same call may come once from the vendor and once from the carrier'),
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'must be an IANA time zone')
    .optional()
    .describe('Of times without an offset; left out: such a row is refused'),
});

function isTimeZone(text: string): boolean {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId !== '';
  } catch {
    return false;
  }
}

export const uploadListQuerySchema = z.strictObject({
  collectorId: idSchema.optional().describe("All collectors when left out; a vendor's key reads its own"),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const uploadParamsSchema = z.strictObject({ uploadId: idSchema });

const count = z.int().min(0);

export const callRecordUploadSchema = z
  .object({
    uploadId: z.string(),
    collectorId: z.string(),
    source: z.enum(CALL_RECORD_SOURCES),
    status: z.enum(UPLOAD_STATUSES),
    bytesTotal: count,
    rowsRead: count.describe('Rows of the file, without the header'),
    quarantined: count.describe('Rows refused, each with its reasons under /rejections'),
    rowsExamined: count.describe('Rows up to which calls have been examined; rowsRead when it has ended'),
    results: z
      .object({
        permitted: count.describe('A permission was live when the call started'),
        late: count.describe('The permission had ended or was given back'),
        reportedWithoutPermission: count.describe('Reported as an attempt, and never asked for'),
        refused: count.describe('It had been refused'),
        orphan: count.describe('A number on file; nobody had asked or reported'),
        unknownNumber: count.describe('Nobody on file has this number'),
        inbound: count.describe('The other side called; no permission is needed'),
        duplicate: count.describe('Rows that were examined before, in this or another file'),
      })
      .meta({ id: 'CallRecordResults' }),
    problem: importSchema.shape.problem,
    createdAt: instantSchema,
    finishedAt: instantSchema.nullable(),
  })
  .meta({ id: 'CallRecordUpload' });

export const uploadPageSchema = z
  .object({ items: z.array(callRecordUploadSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'CallRecordUploadPage' });

export const callRecordRejectionSchema = z
  .object({
    row: count.describe('1 is the first row after the header'),
    column: z.string(),
    code: z.enum(ROW_CODES),
    maskedValue: z.string().describe('First character and punctuation of the cell'),
  })
  .meta({ id: 'CallRecordRejection' });

export const callRecordSchema = z
  .object({
    row: count,
    vendorCallId: z.string().nullable(),
    startedAt: instantSchema,
    direction: z.enum(['outbound', 'inbound']),
    result: z.enum(CALL_RESULTS),
    attemptId: z.string().nullable(),
    reservationId: z.string().nullable(),
    decisionId: z.string().nullable(),
    incidentId: z.string().nullable(),
  })
  .meta({ id: 'CallRecord' });

export type UploadQuery = z.output<typeof uploadQuerySchema>;
export type UploadListQuery = z.output<typeof uploadListQuerySchema>;
export type CallRecordUpload = z.infer<typeof callRecordUploadSchema>;
export type UploadPage = z.infer<typeof uploadPageSchema>;
export type CallRecordRejection = z.infer<typeof callRecordRejectionSchema>;
export type CallRecord = z.infer<typeof callRecordSchema>;
