import { parseId } from '../cells.ts';
import { columnKey } from '../csv.ts';
import type { ImportedAccount, ImportedCustomer, ImportedPhone, Mapping, RowReader, Statement } from '../mapping.ts';
import { paymentReader, statementReader } from './fact-mapping.ts';
import {
  looksLike,
  parseAddress,
  parseAsOf,
  parseCard,
  parseCurrency,
  parseDailyRate,
  parseDateUpTo,
  parseDays,
  parseFlag,
  parseMissedDate,
  parseMoney,
  parseName,
  parsePhones,
  parseProduct,
  parseRate,
  parseResidentId,
  parseStatus,
  zeroOf,
} from './facts.ts';
import { columnOf, dateFormsOf, fieldReader, moneyFormOf } from './field-reader.ts';
import { FIELDS, type FieldName, type Records } from './fields.ts';
import type { SourceDocument } from './schemas.ts';
import { templateCell } from './template.ts';

/** The column that a totals line sums, where the document names none. */
const SUMMED: Readonly<Record<Records, FieldName>> = {
  accounts: 'account.balances.principal',
  payments: 'payment.amount',
  statements: 'statement.statementBalance',
};

const READERS: Readonly<Record<Records, (document: SourceDocument) => Mapping['mapRow']>> = {
  accounts: accountRowReader,
  payments: paymentReader,
  statements: statementReader,
};

/** Makes the reader of a source from its document. Pure. */
export function mappingOf(document: SourceDocument): Mapping {
  const { columns, records } = document;
  const nameOf = (field: FieldName) => columnOf(document, field)?.name;
  const named = document.controlSum === null ? null : columnKey(document.controlSum);
  const sum = columns.find(({ name }) => columnKey(name) === named)?.name ?? nameOf(SUMMED[records]);
  const card = nameOf('account.cardNumber');
  const ordered = [...columns].sort((a, b) => Number(b.required) - Number(a.required));
  return {
    records,
    columns: {
      required: columns.filter(({ required }) => required).map(({ name }) => name),
      optional: columns.filter(({ required }) => !required).map(({ name }) => name),
      aliases: aliasesOf(document),
      others: document.unknownColumns === 'ignore',
      separator: document.separator,
    },
    sumColumn: sum ?? '',
    columnOf: (field) => nameOf(field) ?? field,
    unkept: card === undefined ? [] : [card],
    example: ordered.map((column) => templateCell(document, column)),
    mapRow: READERS[records](document),
  };
}

function accountRowReader(document: SourceDocument): Mapping['mapRow'] {
  const readCustomer = customerReader(document);
  const readAccount = accountReader(document);
  return (row, statement) => {
    const customer = readCustomer(row, statement);
    return { customer, account: readAccount(row, statement, customer.customerId) };
  };
}

function aliasesOf({ columns, ignoredColumns }: SourceDocument): Map<string, string | null> {
  const aliases = new Map<string, string | null>(ignoredColumns.map((name) => [columnKey(name), null]));
  for (const { name, aliases: others } of columns) for (const alias of others) aliases.set(columnKey(alias), name);
  return aliases;
}

type PhoneField = 'customer.phones.any' | 'customer.phones.mobile' | 'customer.phones.home' | 'customer.phones.work';

const PHONES: readonly (readonly [PhoneField, 'm1' | 'home' | 'work', ImportedPhone['place']])[] = [
  ['customer.phones.any', 'm1', null],
  ['customer.phones.mobile', 'm1', null],
  ['customer.phones.home', 'home', 'home'],
  ['customer.phones.work', 'work', 'work'],
];

function customerReader(document: SourceDocument): (row: RowReader, statement: Statement) => ImportedCustomer {
  const [id, name, residentId, birthDate, address] = (
    ['customerId', 'name', 'residentId', 'birthDate', 'address'] as const
  ).map((field) => fieldReader(document, `customer.${field}`));
  const phones = PHONES.map(([field, ...point]) => [fieldReader(document, field), ...point] as const);
  const guardColumns = columnGuard(document);
  const birthColumn = columnOf(document, 'customer.birthDate');
  const forms = dateFormsOf(document, 'customer.birthDate');
  return (row, statement) => {
    const resident = residentId?.(row, parseResidentId(statement.today, document.invalidResidentId)) ?? null;
    const born = birthDate?.(row, parseDateUpTo(statement.today, forms)) ?? null;
    if (resident?.warning) row.warn(columnOf(document, 'customer.residentId')?.name ?? '', resident.warning);
    if (born !== null && resident?.birthDate && born !== resident.birthDate)
      row.refuse(birthColumn?.name ?? '', 'BIRTH_DATE_DIFFERS');
    const customer = {
      customerId: id?.(row, parseId) ?? '',
      name: name?.(row, parseName) ?? '',
      residentId: resident?.value ?? null,
      birthDate: born,
      phones: phones.flatMap(([read, first, place]): ImportedPhone[] =>
        (read?.(row, parsePhones(place)) ?? []).map((phone, index) => ({
          contactPointId: index === 0 ? first : first === 'm1' ? `m${index + 1}` : `${first}-${index + 1}`,
          ...phone,
        })),
      ),
      address: address?.(row, parseAddress) ?? null,
    };
    guardColumns(row);
    return customer;
  };
}

/** Refuses a cell that is plainly another column's: an id where the name belongs, a name where the number belongs. */
function columnGuard(document: SourceDocument): (row: RowReader) => void {
  const guarded = document.columns.flatMap(({ name, field }) => {
    const { kind } = FIELDS[field];
    return kind === 'name' || kind === 'phone' || kind === 'residentId' ? [{ name, kind }] : [];
  });
  return (row) => {
    for (const { name, kind } of guarded) {
      const like = looksLike(row.text(name));
      if (like !== null && like !== kind) row.refuse(name, 'COLUMN_SWAPPED');
    }
  };
}

/** What a fact is parsed with, once currency and date of the row are known. */
interface RowContext {
  readonly currency: string;
  readonly asOf: string;
  readonly statement: Statement;
}

const PLAIN_FACTS = {
  product: parseProduct,
  annualRate: parseRate,
  dailyRate: parseDailyRate,
  status: parseStatus,
  debtGroupId: parseId,
  graceDays: parseDays,
  inCollectionProcedures: parseFlag,
  genuineCard: parseFlag,
} as const;
const AMOUNTS = ['minimumPaymentDue', 'creditLimit', 'instalmentBalance', 'cashAdvanceBalance', 'graceAmount'] as const;
const COMPONENTS = ['principal', 'interest', 'penalty', 'fees'] as const;

type ReadFact = (row: RowReader, context: RowContext) => unknown;

/** Readers of those facts that the source has, by their names. */
function factReaders(document: SourceDocument): (readonly [string, ReadFact])[] {
  const found: [string, ReadFact][] = [];
  for (const [fact, parse] of Object.entries(PLAIN_FACTS)) {
    const read = fieldReader(document, `account.${fact}` as FieldName);
    // No account is without these; an empty cell says nothing of them.
    const whenEmpty = fact === 'status' ? 'open' : fact === 'product' ? 'credit_card' : null;
    if (read) found.push([fact, (row) => read<unknown>(row, parse) ?? whenEmpty]);
  }
  for (const fact of AMOUNTS) {
    const read = amountReader(document, `account.${fact}`, false);
    if (read) found.push([fact, read]);
  }
  const card = fieldReader(document, 'account.cardNumber');
  if (card) found.push(['card', (row) => card(row, parseCard)]);
  const since = fieldReader(document, 'account.pastDueSince');
  const sinceForms = dateFormsOf(document, 'account.pastDueSince');
  if (since)
    found.push([
      'pastDueSince',
      (row, { asOf, statement }) => since(row, parseMissedDate(asOf, statement, sinceForms)),
    ]);
  const days = fieldReader(document, 'account.daysPastDue');
  if (days)
    found.push(['pastDueSince', (row, { asOf, statement }) => daysBefore(statement.dayOf(asOf), days(row, parseDays))]);
  return found;
}

function amountReader(document: SourceDocument, field: FieldName, signed: boolean): ReadFact | null {
  const read = fieldReader(document, field);
  const form = moneyFormOf(document, field);
  return read === null ? null : (row, { currency }) => read(row, parseMoney({ currency, signed, ...form }));
}

/** The due date that was missed so many days before; null for none. */
function daysBefore(date: string, days: number | null): string | null {
  return days === null || days === 0 ? null : Temporal.PlainDate.from(date).subtract({ days }).toString();
}

function accountReader(
  document: SourceDocument,
): (row: RowReader, statement: Statement, customerId: string) => ImportedAccount {
  const [id, currencyField, asOfField] = (['accountId', 'currency', 'asOf'] as const).map((field) =>
    fieldReader(document, `account.${field}`),
  );
  const asOfForms = dateFormsOf(document, 'account.asOf');
  const facts = factReaders(document);
  const components = COMPONENTS.flatMap((component) => {
    const read = amountReader(document, `account.balances.${component}`, component === 'principal');
    return read ? [[component, read] as const] : [];
  });
  return (row, statement, customerId) => {
    const currency = currencyField?.(row, parseCurrency) ?? 'CNY';
    const asOf = asOfField?.(row, parseAsOf(statement, asOfForms)) ?? statement.startOf(statement.asOf);
    const context = { currency, asOf, statement };
    const balances: Record<string, unknown> = {};
    // An empty cell of a component is nothing owed.
    for (const [component, read] of components) balances[component] = read(row, context) ?? zeroOf(currency);
    const account: Record<string, unknown> = {
      customerId,
      accountId: id?.(row, parseId) ?? '',
      currency,
      asOf,
      balances,
    };
    for (const [fact, read] of facts) account[fact] = read(row, context);
    return account as unknown as ImportedAccount;
  };
}
