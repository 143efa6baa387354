import { parseId } from '../cells.ts';
import { type ImportedAmount, type Mapping, type RowReader, STATEMENT_AMOUNTS } from '../mapping.ts';
import { parseDateUpTo, parseFlag, parseSum } from './facts.ts';
import { dateFormsOf, fieldReader, moneyFormOf } from './field-reader.ts';
import { FIELDS, type FieldName } from './fields.ts';
import type { SourceDocument } from './schemas.ts';

/** Makes the readers of payments and of statements from a document. Pure. */

/** Of a row that is refused. */
const NOTHING: ImportedAmount = { value: '0', unit: 'major' };

export function paymentReader(document: SourceDocument): Mapping['mapRow'] {
  const paymentId = fieldReader(document, 'payment.paymentId');
  const accountId = fieldReader(document, 'payment.accountId');
  const amount = amountReader(document, 'payment.amount', 'positive');
  const postedOn = dateReader(document, 'payment.postedOn');
  const includedInState = fieldReader(document, 'payment.includedInState');
  return (row, { today }) => ({
    paymentId: paymentId?.(row, parseId) ?? '',
    accountId: accountId?.(row, parseId) ?? '',
    amount: amount(row) ?? NOTHING,
    postedOn: postedOn(row, today),
    includedInState: includedInState?.(row, parseFlag) ?? null,
  });
}

export function statementReader(document: SourceDocument): Mapping['mapRow'] {
  const accountId = fieldReader(document, 'statement.accountId');
  const statementOn = dateReader(document, 'statement.statementOn');
  const amounts = STATEMENT_AMOUNTS.map((name) => [name, amountReader(document, `statement.${name}`)] as const);
  const dueOn = dateReader(document, 'statement.dueOn');
  const creditLimit = amountReader(document, 'statement.creditLimit');
  return (row, { dayOf, latest }) => ({
    accountId: accountId?.(row, parseId) ?? '',
    // A day of grace, as for the state of an account.
    statementOn: statementOn(row, dayOf(latest)),
    amounts: Object.fromEntries(amounts.map(([name, read]) => [name, read(row) ?? NOTHING])) as Record<
      (typeof STATEMENT_AMOUNTS)[number],
      ImportedAmount
    >,
    dueOn: dueOn(row, FAR),
    creditLimit: creditLimit(row),
  });
}

/** No due date is refused for being late. */
const FAR = '9999-12-31';

function dateReader(document: SourceDocument, field: FieldName): (row: RowReader, latest: string) => string {
  const read = fieldReader(document, field);
  const forms = dateFormsOf(document, field);
  return (row, latest) => read?.(row, parseDateUpTo(latest, forms)) ?? '';
}

function amountReader(
  document: SourceDocument,
  field: FieldName,
  least: 'any' | 'positive' = 'any',
): (row: RowReader) => ImportedAmount | null {
  const read = fieldReader(document, field);
  const parse = parseSum({ ...moneyFormOf(document, field), signed: FIELDS[field].kind === 'signedAmount' }, least);
  return (row) => read?.(row, parse) ?? null;
}
