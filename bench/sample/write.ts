import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { COLUMNS, KINDS } from './dirt.ts';
import { encodeGb18030 } from './gb18030.ts';
import { yuan } from './ledger.ts';
import { measured } from './parameters.ts';
import { isQuarantined, type SampleOptions, type SamplePerson, type SampleRow, samplePerson } from './portfolio.ts';

export interface FileOptions {
  readonly charset: 'utf-8' | 'gb18030';
  readonly separator: ',' | '|' | '\t';
  /** Only with UTF-8. */
  readonly bom: boolean;
}

/** One line of labels.ndjson for a row with dirt; the others are pairs (PairLabel). */
export interface RowLabel {
  /** 1 is the first after the header, as the import counts. */
  readonly row: number;
  readonly customerId: string;
  readonly accountId: string;
  readonly kinds: readonly (keyof typeof KINDS)[];
  readonly outcome: 'accepted' | 'corrected' | 'quarantined' | 'duplicate';
  readonly truth: SampleRow['truth'];
}

export interface Summary {
  readonly options: SampleOptions & FileOptions;
  readonly counts: Record<'customers' | 'rows' | 'pairs' | 'statements' | 'payments' | 'contacts', number>;
  readonly principal: string;
  readonly outcomes: Record<string, number>;
  readonly kinds: Record<string, number>;
  readonly pairs: Record<string, number>;
  /** Accounts by missed minimums at the end. */
  readonly states: number[];
  /** Moves from one due date to the next, from row to column. */
  readonly moves: number[][];
  readonly attribution: string;
}

/** Columns of the layouts that the service has of its own. */
export const TABLES = {
  accounts: COLUMNS,
  payments: ['payment_id', 'account_id', 'amount', 'posted_on'],
  statements: [
    'account_id',
    'statement_on',
    'previous_balance',
    'payments_total',
    'new_charges',
    'adjustments',
    'interest',
    'statement_balance',
    'minimum_due',
    'due_on',
    'credit_limit',
  ],
} as const;
type Table = keyof typeof TABLES;
const TABLE_NAMES = Object.keys(TABLES) as Table[];
/** The column that a totals line sums. */
const SUMMED = { accounts: 'principal', payments: 'amount', statements: 'statement_balance' } as const;

/** Lines of the files, before they are written. */
type Texts = Record<Table | 'labels' | 'contacts', string>;
/** Rows of the tables so far, and their sums in fen. */
type Tally = Record<Table, { rows: number; sum: number }>;

/** People whose lines are written together. */
const BATCH = 500;

/** Writes a sample into a folder, in constant memory. Gives what summary.json says. */
export async function writeSample(folder: string, options: SampleOptions, file: FileOptions): Promise<Summary> {
  mkdirSync(folder, { recursive: true });
  const open = (name: string) => createWriteStream(join(folder, name));
  const tables = TABLE_NAMES.map((name) => [name, open(`${name}.csv`)] as const);
  const lists = (['labels', 'contacts'] as const).map((name) => [name, open(`${name}.ndjson`)] as const);
  const encode = (text: string) => (file.charset === 'gb18030' ? encodeGb18030(text) : text);
  const summary = emptySummary({ ...options, ...file });
  const none = () => ({ rows: 0, sum: 0 });
  const tally: Tally = { accounts: none(), payments: none(), statements: none() };
  for (const [name, stream] of tables)
    await write(stream, encode(`${file.bom ? '\ufeff' : ''}${line(TABLES[name], file)}`));
  for (let from = 0; from < options.customers; from += BATCH) {
    const texts: Texts = { accounts: '', payments: '', statements: '', labels: '', contacts: '' };
    for (let no = from; no < Math.min(from + BATCH, options.customers); no += 1) {
      addPerson(texts, samplePerson(options, no), file, tally, summary);
    }
    for (const [name, stream] of tables) await write(stream, encode(texts[name]));
    for (const [name, stream] of lists) await write(stream, texts[name]);
  }
  for (const [name, stream] of tables) await write(stream, encode(line(totals(name, tally[name]), file)));
  const streams = [...tables, ...lists].map(([, stream]) => stream);
  for (const stream of streams) stream.end();
  await Promise.all(streams.map((stream) => finished(stream)));
  const complete = { ...summary, principal: yuan(tally.accounts.sum) };
  writeFileSync(join(folder, 'summary.json'), `${JSON.stringify(complete, null, 2)}\n`);
  return complete;
}

async function write(stream: WriteStream, text: string | Buffer): Promise<void> {
  if (text.length > 0 && !stream.write(text)) await once(stream, 'drain');
}

function line(cells: readonly string[], { separator }: FileOptions): string {
  const quoted = cells.map((cell) => (cell.includes(separator) ? `"${cell}"` : cell));
  return `${quoted.join(separator)}\r\n`;
}

/** Number of rows, and the sum in its column. */
function totals(table: Table, { rows, sum }: Tally[Table]): string[] {
  return TABLES[table].map((column, at) =>
    at === 0 ? '合计' : at === 1 ? String(rows) : column === SUMMED[table] ? yuan(sum) : '',
  );
}

/** Appends the lines of a person to the texts of the files. */
function addPerson(
  texts: Texts,
  { rows, pairs, contacts }: SamplePerson,
  file: FileOptions,
  tally: Tally,
  summary: Summary,
): void {
  const { counts } = summary;
  const list = (name: 'labels' | 'contacts', value: object) => {
    texts[name] += `${JSON.stringify(value)}\n`;
  };
  const row = (table: Table, cells: readonly string[], sum: number) => {
    texts[table] += line(cells, file);
    tally[table].rows += 1;
    tally[table].sum += sum;
  };
  for (const one of rows) {
    row('accounts', one.cells, one.card.balances.principal);
    const label = labelOf(one, tally.accounts.rows);
    if (label.kinds.length > 0) list('labels', label);
    count(summary.outcomes, label.outcome);
    for (const kind of label.kinds) count(summary.kinds, kind);
    if (label.outcome === 'duplicate') continue;
    addCard(row, one, summary);
  }
  for (const pair of pairs) {
    list('labels', pair);
    count(summary.pairs, pair.kind);
  }
  for (const contact of contacts) list('contacts', contact);
  counts.customers += 1;
  counts.rows += rows.length;
  counts.pairs += pairs.length;
  counts.contacts += contacts.length;
}

function addCard(
  row: (table: Table, cells: readonly string[], sum: number) => void,
  { accountId, card }: SampleRow,
  { counts, states, moves }: Summary,
): void {
  for (const [at, { amount, postedOn }] of card.payments.entries())
    row('payments', [`${accountId}:${at + 1}`, accountId, yuan(amount), postedOn], amount);
  for (const one of card.statements) {
    const { previousBalance, paymentsTotal, newCharges, adjustments, interest, statementBalance, minimumDue } = one;
    const amounts = [previousBalance, paymentsTotal, newCharges, adjustments, interest, statementBalance, minimumDue];
    const cells = [accountId, one.statementOn, ...amounts.map(yuan), one.dueOn, yuan(card.creditLimit)];
    row('statements', cells, statementBalance);
  }
  for (const [at, state] of card.states.entries()) {
    if (at > 0) moves[card.states[at - 1]!]![state]! += 1;
  }
  states[card.states.at(-1)!]! += 1;
  counts.payments += card.payments.length;
  counts.statements += card.statements.length;
}

export function labelOf(row: SampleRow, no: number): RowLabel {
  const { customerId, accountId, kinds, truth } = row;
  return { row: no, customerId, accountId, kinds, outcome: outcomeOf(row), truth };
}

function outcomeOf(row: SampleRow): RowLabel['outcome'] {
  if (row.kinds.includes('repeated_row')) return 'duplicate';
  if (isQuarantined(row)) return 'quarantined';
  return row.kinds.some((kind) => KINDS[kind].correction !== null) ? 'corrected' : 'accepted';
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function emptySummary(options: SampleOptions & FileOptions): Summary {
  const states = measured.transitions.map(() => 0);
  return {
    options,
    counts: { customers: 0, rows: 0, pairs: 0, statements: 0, payments: 0, contacts: 0 },
    principal: '0.00',
    outcomes: {},
    kinds: {},
    pairs: {},
    states,
    moves: states.map(() => states.map(() => 0)),
    attribution: measured.source,
  };
}
