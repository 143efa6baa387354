import { z } from 'zod';
import { idSchema, instantSchema } from '../../validation.ts';
import { DATE_FORMS } from '../cells.ts';
import { columnKey } from '../csv.ts';
import { FIELD_NAMES, FIELDS, type FieldName, RECORDS, recordsOf } from './fields.ts';

/** How the extract of one source is read, as data: the body of PUT /v1/import-sources/{source}, and the files in sources/. */

const columnName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}"]*$/u, 'must be the name of a column without quotes');

const columnSchema = z
  .strictObject({
    name: columnName.describe('As it stands in the header, whatever its case; reports call the column so'),
    aliases: z.array(columnName).max(20).default([]).describe('Other names of the same column, such as 客户号'),
    field: z.enum(FIELD_NAMES),
    required: z.boolean().default(true).describe('The header must have it'),
    filled: z
      .boolean()
      .nullable()
      .default(null)
      .describe('A row with an empty cell is quarantined; null: where the row has no meaning without it'),
    values: z
      .array(
        z
          .strictObject({ from: z.string().trim().max(100), to: z.string().trim().max(100) })
          .meta({ id: 'ImportSourceValue' }),
      )
      .max(500)
      .default([])
      .describe('What the words of the file mean, such as 0 for open; another word is read as it stands'),
    dateForms: z.array(z.enum(DATE_FORMS)).min(1).nullable().default(null).describe("Instead of the source's"),
    unit: z.enum(['major', 'minor']).nullable().default(null).describe("Instead of the source's"),
    sign: z.enum(['as_is', 'reversed']).nullable().default(null).describe("Instead of the source's"),
    example: z.string().max(100).nullable().default(null).describe('Cell of the template'),
  })
  .meta({ id: 'ImportSourceColumn' });

export const importSourceInputSchema = z
  .strictObject({
    title: z.string().trim().min(1).max(200).nullable().default(null),
    records: z
      .enum(RECORDS)
      .default('accounts')
      .describe('What a row is: a customer with an account, a payment, or the statement of a day'),
    columns: z.array(columnSchema).min(1).max(200),
    defaults: z
      .array(
        z
          .strictObject({ field: z.enum(FIELD_NAMES), value: z.string().trim().min(1).max(100) })
          .meta({ id: 'ImportSourceDefault' }),
      )
      .max(50)
      .default([])
      .describe('What is meant by an empty cell, or where the file has no such column'),
    ignoredColumns: z.array(columnName).max(500).default([]),
    unknownColumns: z.enum(['refuse', 'ignore']).default('refuse'),
    separator: z.enum([',', '\t', '|']).nullable().default(null).describe('null: detected from the header'),
    charset: z
      .enum(['utf-8', 'gb18030'])
      .nullable()
      .default(null)
      .describe('Where the Content-Type names none; null: told from the beginning of the file'),
    dateForms: z
      .array(z.enum(DATE_FORMS))
      .min(1)
      .default([...DATE_FORMS])
      .describe('The first is how the file writes dates; a row with another of them counts as corrected'),
    unit: z.enum(['major', 'minor']).default('major').describe('minor: amounts are whole fen'),
    sign: z
      .enum(['as_is', 'reversed'])
      .default('as_is')
      .describe('reversed: the file writes what is owed with a minus'),
    controlSum: columnName
      .nullable()
      .default(null)
      .describe('Column that a totals line sums; null: the principal, the amount of payments, the statement balance'),
    invalidResidentId: z
      .enum(['quarantine', 'mark'])
      .default('quarantine')
      .describe('mark: a row whose resident id has the right form and is no real one is applied, with a warning'),
  })
  .superRefine((document, context) => {
    for (const { path, message } of contradictions(document)) context.addIssue({ code: 'custom', path, message });
  })
  .meta({
    id: 'PutImportSource',
    examples: [
      {
        title: 'Core system, nightly extract',
        columns: [
          { name: '客户号', aliases: ['客户编号'], field: 'customer.customerId' },
          { name: '姓名', field: 'customer.name' },
          { name: '证件号', field: 'customer.residentId' },
          { name: '手机', field: 'customer.phones.mobile' },
          { name: '账号', field: 'account.accountId' },
          { name: '逾期天数', field: 'account.daysPastDue' },
          { name: '本金', field: 'account.balances.principal' },
          { name: '状态', field: 'account.status', values: [{ from: '0', to: 'open' }] },
        ],
        defaults: [
          { field: 'account.currency', value: 'CNY' },
          { field: 'account.balances.interest', value: '0' },
          { field: 'account.balances.penalty', value: '0' },
          { field: 'account.balances.fees', value: '0' },
        ],
        ignoredColumns: ['备注'],
        separator: '|',
        unit: 'minor',
      },
    ],
  });

export type SourceDocument = z.output<typeof importSourceInputSchema>;
export type SourceColumn = SourceDocument['columns'][number];

export const sourceParamsSchema = z.strictObject({ source: idSchema });

/** The bank's own that a list shows. */
export const MAX_SOURCES = 200;

export const importSourceSchema = z
  .object({
    source: z.string(),
    version: z.int().describe('An import names the version it is read with'),
    builtIn: z.boolean().describe('Ships with the service and cannot be replaced'),
    contentHash: z.string(),
    document: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe(
        'In the shape of PutImportSource, with every default filled in; null where the service reads the files by code',
      ),
    createdAt: instantSchema.nullable(),
    createdBy: z.string().nullable().describe('Client that said so'),
  })
  .meta({ id: 'ImportSource' });

export const importSourceListSchema = z
  .object({ items: z.array(importSourceSchema).describe("The built-in ones, then at most 200 of the bank's own") })
  .meta({ id: 'ImportSourceList' });

export type ImportSource = z.infer<typeof importSourceSchema>;

/** What must differ from row to row. */
const OF_EACH_ROW: readonly FieldName[] = [
  'customer.customerId',
  'customer.name',
  'account.accountId',
  'payment.paymentId',
  'payment.accountId',
  'payment.amount',
  'statement.accountId',
  'statement.statementBalance',
];

interface Contradiction {
  readonly path: (string | number)[];
  readonly message: string;
}

type Written = Pick<SourceDocument, 'records' | 'columns' | 'defaults' | 'ignoredColumns' | 'controlSum'>;

const STATED: readonly FieldName[] = ['account.balances.interest', 'account.balances.penalty', 'account.balances.fees'];

const EXCLUSIVE: readonly (readonly [FieldName, FieldName])[] = [
  ['account.pastDueSince', 'account.daysPastDue'],
  ['account.annualRate', 'account.dailyRate'],
  ['customer.phones.any', 'customer.phones.mobile'],
];

function contradictions(document: Written): Contradiction[] {
  const { records, columns, defaults, controlSum } = document;
  const found = doubles(document);
  columns.forEach((column, index) => {
    const path = ['columns', index];
    const { kind } = FIELDS[column.field];
    if (column.dateForms && kind !== 'date' && kind !== 'asOf')
      found.push({ path: [...path, 'dateForms'], message: 'is for dates' });
    if ((column.unit || column.sign) && kind !== 'amount' && kind !== 'signedAmount')
      found.push({ path: [...path, column.unit ? 'unit' : 'sign'], message: 'is for amounts' });
  });
  for (const list of ['columns', 'defaults'] as const)
    document[list].forEach(({ field }, index) => {
      if (recordsOf(field) !== records)
        found.push({ path: [list, index, 'field'], message: `is no field of ${records}` });
    });
  defaults.forEach(({ field }, index) => {
    if (OF_EACH_ROW.includes(field)) found.push({ path: ['defaults', index, 'field'], message: 'is each row’s own' });
  });
  const given = new Set(defaults.map(({ field }) => field));
  for (const field of FIELD_NAMES)
    if (recordsOf(field) === records && 'needed' in FIELDS[field] && !given.has(field) && !has(document, field))
      found.push({ path: ['columns'], message: `lacks a column or a default for ${field}` });
  if (records === 'accounts') found.push(...openStates(document, given));
  for (const [one, other] of EXCLUSIVE)
    if (has(document, one) && has(document, other))
      found.push({ path: ['columns'], message: `has both ${one} and ${other}` });
  if (controlSum !== null && !columns.some(({ name }) => columnKey(name) === columnKey(controlSum)))
    found.push({ path: ['controlSum'], message: 'is the name of no column' });
  return found;
}

function has({ columns }: Written, field: FieldName): boolean {
  return columns.some((column) => column.field === field);
}

/** Names, fields and defaults that are there twice. */
function doubles({ columns, defaults, ignoredColumns }: Written): Contradiction[] {
  const found: Contradiction[] = [];
  const once = (seen: Set<string>, key: string, path: Contradiction['path'], message: string) => {
    if (seen.has(key)) found.push({ path, message });
    seen.add(key);
  };
  const [names, fields, given] = [new Set<string>(), new Set<string>(), new Set<string>()];
  columns.forEach((column, index) => {
    const path = ['columns', index];
    once(names, columnKey(column.name), [...path, 'name'], 'is the name of another column');
    column.aliases.forEach((alias, at) => {
      once(names, columnKey(alias), [...path, 'aliases', at], 'is the name of another column');
    });
    once(fields, column.field, [...path, 'field'], 'is the field of another column');
  });
  ignoredColumns.forEach((name, index) => {
    once(names, columnKey(name), ['ignoredColumns', index], 'is the name of another column');
  });
  defaults.forEach(({ field }, index) => {
    once(given, field, ['defaults', index, 'field'], 'has two defaults');
  });
  return found;
}

/** A state that left one of these open would be completed with what payments have made of the state before it. */
function openStates({ columns }: Written, given: ReadonlySet<FieldName>): Contradiction[] {
  const stated = (field: FieldName) => columns.some((column) => column.field === field && column.required);
  const found: Contradiction[] = STATED.filter((field) => !stated(field) && !given.has(field)).map((field) => ({
    path: ['columns'],
    message: `lacks a required column or a default for ${field}`,
  }));
  if (!stated('account.pastDueSince') && !stated('account.daysPastDue'))
    found.push({
      path: ['columns'],
      message: 'lacks a required column for account.pastDueSince or account.daysPastDue',
    });
  return found;
}
