import type { DateForm } from '../cells.ts';
import { FIELDS } from './fields.ts';
import type { SourceColumn, SourceDocument } from './schemas.ts';

/** The cell that stands for a column in the template of its source: one that can be imported. Pure. */
export function templateCell(document: SourceDocument, column: SourceColumn): string {
  if (column.example !== null) return column.example;
  const { kind, example } = FIELDS[column.field];
  const { values } = column;
  if (values.length > 0) return (values.find(({ to }) => to === example) ?? values[0]!).from;
  if (kind === 'date' || kind === 'asOf') return dateIn((column.dateForms ?? document.dateForms)[0]!, example);
  if (kind !== 'amount' && kind !== 'signedAmount') return example;
  const amount =
    (column.unit ?? document.unit) === 'minor' ? example.replace('.', '').replace(/^0+(?=\d)/, '') : example;
  const isNothing = /^[0.]*$/.test(amount);
  return (column.sign ?? document.sign) === 'reversed' && !isNothing ? `-${amount}` : amount;
}

function dateIn(form: DateForm, date: string): string {
  const [year, month, day] = date.split('-') as [string, string, string];
  const written: Record<DateForm, string> = {
    dashes: date,
    compact: year + month + day,
    slashes: `${year}/${Number(month)}/${Number(day)}`,
    dots: `${year}.${month}.${day}`,
    chinese: `${year}年${Number(month)}月${Number(day)}日`,
  };
  return written[form];
}
