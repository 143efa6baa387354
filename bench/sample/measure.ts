import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Measures what the sample draws from: `node bench/sample/measure.ts <the UCI file> ` writes measured.json.
 *
 * "Default of credit card clients": Yeh, I-Cheng, UCI Machine Learning Repository, CC BY 4.0. X6 to X11 are months late,
 * X12 to X17 bills and X18 to X23 payments, newest first; a payment belongs to the bill of the month before.
 *
 * A state is a number of missed minimum payments: 0 for status 0 and below; 1 for status 1 and 2, since 1 is almost never
 * recorded before the last month; n − 1 for status n from 3 on; 5 for all from 6 on.
 */

const MONTHS = 6;
export const STATES = 6;

interface Row {
  readonly limit: number;
  readonly female: boolean;
  readonly age: number;
  /** Newest first, as the others. */
  readonly status: readonly number[];
  readonly bills: readonly number[];
  readonly payments: readonly number[];
}

export function measure(csv: string) {
  const rows = csv.trim().split(/\r?\n/).slice(1).map(readRow);
  const pairs = rows.flatMap(({ status }) =>
    status.slice(1).map((from, at) => [stateOf(from), stateOf(status[at]!)] as const),
  );
  const months = rows.flatMap((row) => row.status.slice(0, MONTHS - 1).map((_, at) => ({ row, at })));
  const paying = months.filter(({ row, at }) => row.status[at]! <= 0 && row.bills[at + 1]! > 0);
  const revolving = paying.filter(({ row, at }) => row.status[at] === 0);
  return {
    source: 'Default of credit card clients (Taiwan 2005): Yeh, I-Cheng, UCI Machine Learning Repository, CC BY 4.0',
    rows: rows.length,
    female: share(rows, ({ female }) => female),
    ages: quantiles(rows.map(({ age }) => age)),
    limits: quantiles(rows.map(({ limit }) => limit)),
    firstStates: states().map((state) => share(rows, ({ status }) => stateOf(status[MONTHS - 1]!) === state)),
    transitions: states().map((from) => {
      const left = pairs.filter((pair) => pair[0] === from);
      return states().map((to) => share(left, (pair) => pair[1] === to));
    }),
    // Of those who pay what is due, who pays all of it.
    paidInFull: share(paying, ({ row, at }) => row.status[at]! < 0),
    paidShares: quantiles(revolving.map(({ row, at }) => within01(row.payments[at]! / row.bills[at + 1]!))),
    billShares: quantiles(rows.map(({ bills, limit }) => within01(bills[MONTHS - 1]! / limit))),
    chargeShares: quantiles(
      months.map(({ row, at }) => within01((row.bills[at]! - row.bills[at + 1]! + row.payments[at]!) / row.limit)),
    ),
    creditBalances: share(rows, ({ bills }) => bills[0]! < 0),
  };
}

function readRow(line: string): Row {
  const cells = line.split(',').map(Number);
  return {
    limit: cells[1]!,
    female: cells[2] === 2,
    age: cells[5]!,
    status: cells.slice(6, 12),
    bills: cells.slice(12, 18),
    payments: cells.slice(18, 24),
  };
}

function stateOf(status: number): number {
  if (status <= 0) return 0;
  return status <= 2 ? 1 : Math.min(status - 1, STATES - 1);
}

function states(): number[] {
  return Array.from({ length: STATES }, (_, state) => state);
}

function within01(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function share<T>(all: readonly T[], is: (one: T) => boolean): number {
  return all.length === 0 ? 0 : rounded(all.filter(is).length / all.length);
}

/** The 0th, 5th, … 100th of a hundred. */
function quantiles(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return Array.from({ length: 21 }, (_, at) => rounded(sorted[Math.round(((sorted.length - 1) * at) / 20)]!));
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error('Name the UCI file.');
  const path = fileURLToPath(new URL('./measured.json', import.meta.url));
  writeFileSync(path, `${JSON.stringify(measure(readFileSync(file, 'utf8')), null, 2)}\n`);
}
