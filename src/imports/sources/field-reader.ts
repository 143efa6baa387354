import { fold, type Parsed } from '../cells.ts';
import type { Parse, RowReader } from '../mapping.ts';
import { FIELDS, type FieldName } from './fields.ts';
import type { SourceColumn, SourceDocument } from './schemas.ts';

/** Finding the value of a field in a row, as a document says. Pure. */

/** The value of a field in a row; null for an empty cell without a default, and for one that was refused. */
export type ReadField = <T>(row: RowReader, parse: Parse<T>) => T | null;

export function columnOf(document: SourceDocument, field: FieldName): SourceColumn | undefined {
  return document.columns.find((column) => column.field === field);
}

/** Null where the source has neither a column nor a default for the field. */
export function fieldReader(document: SourceDocument, field: FieldName): ReadField | null {
  const column = columnOf(document, field);
  const text = document.defaults.find((one) => one.field === field)?.value;
  const whenEmpty = <T>(parse: Parse<T>) => (text === undefined ? null : parsedOrNull(parse(text)));
  if (column === undefined) return text === undefined ? null : (_, parse) => whenEmpty(parse);
  const { name, values, filled } = column;
  const table = values.length === 0 ? null : new Map(values.map(({ from, to }) => [fold(from), to]));
  const needed = text === undefined && (filled ?? 'needed' in FIELDS[field]);
  return (row, parse) => {
    if (row.text(name).trim() === '') {
      if (needed) row.refuse(name, 'REQUIRED');
      return whenEmpty(parse);
    }
    return row.optional(name, table === null ? parse : (cell) => parse(table.get(fold(cell)) ?? cell), null);
  };
}

function parsedOrNull<T>(parsed: Parsed<T>): T | null {
  return 'value' in parsed ? parsed.value : null;
}

export function dateFormsOf(document: SourceDocument, field: FieldName): SourceDocument['dateForms'] {
  return columnOf(document, field)?.dateForms ?? document.dateForms;
}

export function moneyFormOf(document: SourceDocument, field: FieldName): Pick<SourceDocument, 'unit' | 'sign'> {
  const column = columnOf(document, field);
  return { unit: column?.unit ?? document.unit, sign: column?.sign ?? document.sign };
}
