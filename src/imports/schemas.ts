import { z } from 'zod';
import { signedAmountSchema } from '../accounts/schemas.ts';
import { CORRECTIONS, type Correction } from '../cleansing/corrections.ts';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';
import { ROW_CODES, type RowCode } from './cells.ts';
import { FILE_CODES } from './csv.ts';
import { RECORDS } from './sources/fields.ts';

/** Longest cell that a person sends. */
const MAX_CELL_LENGTH = 2000;

export const IMPORT_STATUSES = ['queued', 'running', 'paused', 'held', 'completed', 'failed', 'cancelled'] as const;
export type ImportStatus = (typeof IMPORT_STATUSES)[number];

export const ROW_OUTCOMES = ['accepted', 'corrected', 'duplicate', 'quarantined'] as const;
export type RowOutcome = (typeof ROW_OUTCOMES)[number];

const sourceSchema = idSchema
  .default('default')
  .describe(
    'What the rows are and how the columns are read: a name of GET /v1/import-sources. `default`, `payments` and `statements`: our own layouts; `uci`: the public card data set, with made-up people',
  );

export const uploadQuerySchema = z.strictObject({
  source: sourceSchema,
  asOf: dateSchema
    .optional()
    .describe(
      'Statement date of rows that carry none. Left out: the one this very content had before, else the day of the upload',
    ),
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true: everything is read and reported, and nothing is changed'),
  expectedRows: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('Number of rows; another one holds the import, as a totals line does'),
  expectedSum: signedAmountSchema
    .optional()
    .describe('Sum of the column that a totals line sums, as the file writes it; another one holds the import'),
});

export const templateQuerySchema = z.strictObject({ source: sourceSchema });

export const listQuerySchema = z.strictObject({
  status: z.enum(IMPORT_STATUSES).optional(),
  source: idSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const TABLE_FORMATS = ['ndjson', 'csv'] as const;
const formatSchema = z
  .enum(TABLE_FORMATS)
  .optional()
  .describe('Left out: CSV where Accept asks for text/csv, else NDJSON');

export const rejectionsQuerySchema = z.strictObject({ format: formatSchema });

export const rowsQuerySchema = z.strictObject({
  outcome: z.enum(ROW_OUTCOMES).optional().describe('Left out: all that are listed'),
  format: formatSchema,
});

export const releaseSchema = z.strictObject({ reason: z.string().trim().min(1).max(2000) }).meta({
  id: 'ReleaseImport',
  examples: [{ reason: 'The totals line of the core system counts cancelled cards too' }],
});

export const importParamsSchema = z.strictObject({ importId: idSchema });

export const rowParamsSchema = z.strictObject({
  importId: idSchema,
  row: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
});

/** Cells by the names of their columns, as reports have them; those that are left out stay what they were. */
const cellsSchema = z
  .record(z.string().min(1).max(100), z.string().max(MAX_CELL_LENGTH))
  .describe('Cells to replace, by their columns; none where the row was right, and its account unknown')
  .refine((cells) => Object.keys(cells).length <= 500, 'must have at most 500 cells');

export const resubmissionSchema = z
  .strictObject({ cells: cellsSchema })
  .meta({ id: 'ResubmitImportRow', examples: [{ cells: { phone: '13800138000' } }] });

export const resubmissionLineSchema = z
  .strictObject({ row: z.int().min(1), cells: cellsSchema })
  .meta({ id: 'ResubmitImportRowLine', examples: [{ row: 17, cells: { phone: '13800138000' } }] });

const count = z.int().min(0);

export const importSchema = z
  .object({
    importId: z.string(),
    source: z.string(),
    sourceVersion: z.int().describe('Version of the source that the file is read with'),
    records: z.enum(RECORDS).describe('What its rows are'),
    dryRun: z.boolean().describe('True: what would become of the file; nothing was changed'),
    charset: z.string(),
    asOf: dateSchema.describe('Statement date of rows that carry none'),
    status: z
      .enum(IMPORT_STATUSES)
      .describe(
        'held: control sums do not match and nothing was applied. paused: until it is resumed. failed: see `problem`. cancelled: rows applied before stay',
      ),
    bytesTotal: count,
    rowsTotal: count.nullable().describe('Known when the whole file has been checked'),
    rowsRead: count.describe('accepted + duplicates + quarantined'),
    rowsPerSecond: z.number().nullable().describe('Of late; of the whole time when it has ended'),
    secondsLeft: z.number().nullable(),
    accepted: count.describe('Includes the corrected ones and those of an older as-of date, kept as history'),
    corrected: count.describe('Accepted after a correction, such as full-width digits or separators in an amount'),
    duplicates: count.describe('Rows that changed nothing, because they are known'),
    quarantined: count.describe('Rows refused, each with its reasons under /rejections'),
    resubmitted: count.describe('Rows that left quarantine corrected by hand; they count as what they are now'),
    problem: z
      .object({ code: z.enum(FILE_CODES), detail: z.string() })
      .meta({ id: 'ImportProblem' })
      .nullable(),
    release: z
      .object({ at: instantSchema, clientId: z.string(), reason: z.string().nullable() })
      .meta({
        id: 'ImportRelease',
        description:
          'Who let it go on although control sums do not match; the reason for those who may read personal data',
      })
      .nullable(),
    createdAt: instantSchema,
    startedAt: instantSchema.nullable(),
    finishedAt: instantSchema.nullable(),
  })
  .meta({ id: 'Import' });

export const importPageSchema = z
  .object({ items: z.array(importSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'ImportPage' });

export const rejectionSchema = z
  .object({
    row: count.describe('1 is the first row after the header'),
    column: z.string().describe('Name of the column; `#17` is the 17th cell of a row that is too long'),
    code: z.enum(ROW_CODES),
    maskedValue: z.string().describe('First character and punctuation of the cell'),
  })
  .meta({ id: 'ImportRejection' });

const correctionsSchema = z
  .array(
    z
      .object({ column: z.string(), kinds: z.array(z.enum(CORRECTIONS)) })
      .meta({ id: 'ImportCorrection', description: 'What was done to a cell; never what was in it' }),
  )
  .describe('What had to be corrected to read the row');

export const importRowSchema = z
  .object({
    row: count.describe('1 is the first row after the header'),
    outcome: z.enum(ROW_OUTCOMES).describe('Rows that were simply applied are not listed'),
    corrections: correctionsSchema,
    warnings: z.array(z.object({ column: z.string(), code: z.enum(ROW_CODES) }).meta({ id: 'ImportWarning' })),
    duplicateOf: z
      .object({
        row: count.nullable().describe('An earlier row of this file that says the same'),
        asOf: instantSchema
          .nullable()
          .describe('Else the state on file that it repeats; null for a payment or a statement'),
        importId: z.string().nullable().describe('The import that brought what is on file; null: it came otherwise'),
      })
      .meta({ id: 'ImportDuplicate' })
      .nullable(),
    problems: z.array(rejectionSchema.omit({ row: true }).meta({ id: 'ImportRowProblem' })),
    resubmissions: z
      .array(
        z
          .object({
            at: instantSchema,
            clientId: z.string(),
            columns: z.array(z.string()).describe('Whose cells were replaced'),
            outcome: z.enum(ROW_OUTCOMES),
          })
          .meta({ id: 'ImportResubmission' }),
      )
      .describe('The first one first'),
  })
  .meta({ id: 'ImportRow' });

export type ImportRowAnswer = z.infer<typeof importRowSchema>;
export type Resubmission = ImportRowAnswer['resubmissions'][number];

/** What is stored of a row beside its outcome; what there is not is left out. */
export interface RowDetails {
  readonly corrections?: readonly { readonly column: string; readonly kinds: readonly Correction[] }[];
  readonly warnings?: readonly { readonly column: string; readonly code: RowCode }[];
  readonly duplicateOf?: { readonly row: number } | { readonly asOf: string | null; readonly importId: string | null };
}

export type UploadQuery = z.output<typeof uploadQuerySchema>;
export type ListQuery = z.output<typeof listQuerySchema>;
export type TableFormat = (typeof TABLE_FORMATS)[number];
export type Cells = z.output<typeof cellsSchema>;
export type ImportPage = z.infer<typeof importPageSchema>;
export type Import = z.infer<typeof importSchema>;
export type Rejection = z.infer<typeof rejectionSchema>;
