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

const FILES = ['accounts.csv', 'labels.ndjson', 'payments.ndjson', 'contacts.ndjson', 'statements.ndjson'] as const;
/** People whose lines are written together. */
const BATCH = 500;

/** Writes a sample into a folder, in constant memory. Gives what summary.json says. */
export async function writeSample(folder: string, options: SampleOptions, file: FileOptions): Promise<Summary> {
  mkdirSync(folder, { recursive: true });
  const streams = FILES.map((name) => createWriteStream(join(folder, name)));
  const encode = (text: string) => (file.charset === 'gb18030' ? encodeGb18030(text) : text);
  const summary = emptySummary({ ...options, ...file });
  const tally = { row: 0, principal: 0 };
  const header = `${file.bom ? '\ufeff' : ''}${line(COLUMNS, file)}`;
  await write(streams[0]!, encode(header));
  for (let from = 0; from < options.customers; from += BATCH) {
    const texts = FILES.map(() => '');
    for (let no = from; no < Math.min(from + BATCH, options.customers); no += 1) {
      addPerson(texts, samplePerson(options, no), file, tally, summary);
    }
    await write(streams[0]!, encode(texts[0]!));
    for (const [at, stream] of streams.entries()) if (at > 0) await write(stream, texts[at]!);
  }
  await write(streams[0]!, encode(line(totals(tally), file)));
  for (const stream of streams) stream.end();
  await Promise.all(streams.map((stream) => finished(stream)));
  const complete = { ...summary, principal: yuan(tally.principal) };
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
function totals({ row, principal }: { row: number; principal: number }): string[] {
  return COLUMNS.map((column, at) =>
    at === 0 ? '合计' : at === 1 ? String(row) : column === 'principal' ? yuan(principal) : '',
  );
}

/** Appends the lines of a person to the texts of the files. */
function addPerson(
  texts: string[],
  { rows, pairs, contacts }: SamplePerson,
  file: FileOptions,
  tally: { row: number; principal: number },
  summary: Summary,
): void {
  const { counts } = summary;
  const json = (at: number, value: object) => {
    texts[at] += `${JSON.stringify(value)}\n`;
  };
  for (const row of rows) {
    tally.row += 1;
    tally.principal += row.card.balances.principal;
    texts[0] += line(row.cells, file);
    const label = labelOf(row, tally.row);
    if (label.kinds.length > 0) json(1, label);
    count(summary.outcomes, label.outcome);
    for (const kind of label.kinds) count(summary.kinds, kind);
    if (label.outcome === 'duplicate') continue;
    addCard(json, row, summary);
  }
  for (const pair of pairs) {
    json(1, pair);
    count(summary.pairs, pair.kind);
  }
  for (const contact of contacts) json(3, contact);
  counts.customers += 1;
  counts.rows += rows.length;
  counts.pairs += pairs.length;
  counts.contacts += contacts.length;
}

function addCard(json: (at: number, value: object) => void, { accountId, card }: SampleRow, summary: Summary): void {
  const { counts, states, moves } = summary;
  const creditLimit = yuan(card.creditLimit);
  for (const [at, payment] of card.payments.entries()) {
    const { amount, postedOn } = payment;
    json(2, { accountId, paymentId: `${accountId}:${at + 1}`, amount: yuan(amount), postedOn });
  }
  for (const statement of card.statements) {
    json(4, {
      accountId,
      statementOn: statement.statementOn,
      previousBalance: yuan(statement.previousBalance),
      paymentsTotal: yuan(statement.paymentsTotal),
      newCharges: yuan(statement.newCharges),
      adjustments: yuan(statement.adjustments),
      interest: yuan(statement.interest),
      statementBalance: yuan(statement.statementBalance),
      minimumDue: yuan(statement.minimumDue),
      dueOn: statement.dueOn,
      creditLimit,
    });
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
