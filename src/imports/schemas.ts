import { z } from 'zod';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';
import { ROW_CODES } from './cells.ts';
import { FILE_CODES } from './csv.ts';
import { IMPORT_SOURCES } from './mapping.ts';

export const IMPORT_STATUSES = ['queued', 'running', 'held', 'completed', 'failed', 'cancelled'] as const;
export type ImportStatus = (typeof IMPORT_STATUSES)[number];

const sourceSchema = z
  .enum(IMPORT_SOURCES)
  .default('default')
  .describe('How the columns are read. `uci`: the public card data set, with made-up people');

export const uploadQuerySchema = z.strictObject({
  source: sourceSchema,
  asOf: dateSchema
    .optional()
    .describe(
      'Statement date of rows that carry none. Left out: the one this very content had before, else the day of the upload',
    ),
});

export const templateQuerySchema = z.strictObject({ source: sourceSchema });

export const listQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const importParamsSchema = z.strictObject({ importId: idSchema });

const count = z.int().min(0);

export const importSchema = z
  .object({
    importId: z.string(),
    source: z.enum(IMPORT_SOURCES),
    charset: z.string(),
    asOf: dateSchema.describe('Statement date of rows that carry none'),
    status: z
      .enum(IMPORT_STATUSES)
      .describe(
        'held: the totals line does not match and nothing was applied. failed: see `problem`. cancelled: rows applied before stay',
      ),
    bytesTotal: count,
    rowsTotal: count.nullable().describe('Known when the whole file has been checked'),
    rowsRead: count.describe('accepted + duplicates + quarantined'),
    rowsPerSecond: z.number().nullable(),
    secondsLeft: z.number().nullable(),
    accepted: count.describe('Includes the corrected ones and those of an older as-of date, kept as history'),
    corrected: count.describe('Accepted after a correction, such as full-width digits or separators in an amount'),
    duplicates: count.describe('Rows that changed nothing, because they are known'),
    quarantined: count.describe('Rows refused, each with its reasons under /rejections'),
    problem: z
      .object({ code: z.enum(FILE_CODES), detail: z.string() })
      .meta({ id: 'ImportProblem' })
      .nullable(),
    createdAt: instantSchema,
    startedAt: instantSchema.nullable(),
    finishedAt: instantSchema.nullable(),
  })
  .meta({ id: 'Import' });

export const importListSchema = z.object({ items: z.array(importSchema) }).meta({ id: 'ImportList' });

export const rejectionSchema = z
  .object({
    row: count.describe('1 is the first row after the header'),
    column: z.string().describe('Name of the column; `#17` is the 17th cell of a row that is too long'),
    code: z.enum(ROW_CODES),
    maskedValue: z.string().describe('First character and punctuation of the cell'),
  })
  .meta({ id: 'ImportRejection' });

export type UploadQuery = z.output<typeof uploadQuerySchema>;
export type Import = z.infer<typeof importSchema>;
export type Rejection = z.infer<typeof rejectionSchema>;
