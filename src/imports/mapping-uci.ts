import { fromMinor } from '../rules/money/money.ts';
import { type Parsed, parseWhole } from './cells.ts';
import { identityOf, MAX_IDENTITY_ROW } from './identities.ts';
import type { ImportedRow, Mapping, RowReader, Statement } from './mapping.ts';

/**
 * "Default of credit card clients" (Taiwan 2005): Yeh, I-Cheng, UCI Machine Learning Repository, CC BY 4.0. Whole New
 * Taiwan dollars, often in scientific form, which is the file's normal form and no correction; X6 to X11 (months late),
 * X12 to X17 (bills) and X18 to X23 (payments) run from the newest month to the oldest. It has no names and no numbers,
 * so these are made up. Rows that are equal in everything but their ID are different people.
 */

/** One New Taiwan dollar is 0.22 yuan, a constant near the rate of 2026, so 22 fen: exact without rounding. */
const FEN_PER_DOLLAR = 22n;
const ANNUAL_RATE = '0.1825';

const COLUMNS = ['ID', ...Array.from({ length: 23 }, (_, index) => `X${index + 1}`)];
const FIRST_ROW = '1,20000,2,2,1,24,2,2,-1,-1,-2,-2,3913,3102,689,0,0,0,0,689,0,0,0,0,1';

export const uciMapping: Mapping = {
  records: 'accounts',
  columns: { required: COLUMNS, optional: ['Y'] },
  sumColumn: 'X12',
  // Customer and account have the number of the row.
  columnOf: () => 'ID',
  unkept: [],
  example: FIRST_ROW.split(','),
  mapRow,
};

function mapRow(row: RowReader, { asOf, startOf }: Statement): ImportedRow {
  const id = row.required('ID', between(1, MAX_IDENTITY_ROW, 'INVALID_ID'), 1);
  const limit = row.required('X1', between(0, 1e12), 0);
  const sex = row.required('X2', between(1, 2), 1) === 1 ? 'male' : 'female';
  const age = row.required('X5', between(18, 120), 18);
  const monthsLate = row.required('X6', between(-2, 120), 0);
  const bill = BigInt(row.required('X12', between(-1e12, 1e12), 0)) * FEN_PER_DOLLAR;
  const late = monthsLate >= 1;
  const { name, residentId, phone } = identityOf(id, sex, age);
  return {
    customer: {
      customerId: `uci-${id}`,
      name,
      residentId,
      birthDate: null,
      phones: [{ contactPointId: 'm1', value: phone, line: 'mobile', place: null }],
      address: null,
    },
    account: {
      customerId: `uci-${id}`,
      accountId: `uci-${id}`,
      currency: 'CNY',
      asOf: startOf(asOf),
      pastDueSince: late ? missedDueDate(id, monthsLate, asOf) : null,
      annualRate: ANNUAL_RATE,
      status: 'open',
      balances: { principal: yuan(bill), interest: '0.00', penalty: '0.00', fees: '0.00' },
      minimumPaymentDue: late ? yuan(bill > 0n ? (bill + 5n) / 10n : 0n) : null,
      creditLimit: yuan(BigInt(limit) * FEN_PER_DOLLAR),
    },
  };
}

function yuan(fen: bigint): string {
  return fromMinor(fen, 'CNY');
}

/** The account's last due day (1 to 28, by its number) up to the statement date, and as many months before. */
function missedDueDate(id: number, monthsLate: number, asOf: string): string {
  const statement = Temporal.PlainDate.from(asOf);
  const due = statement.with({ day: 1 + ((id * 11) % 28) });
  const months = Temporal.PlainDate.compare(due, statement) > 0 ? monthsLate + 1 : monthsLate;
  return due.subtract({ months }).toString();
}

function between(min: number, max: number, code: 'INVALID_NUMBER' | 'INVALID_ID' = 'INVALID_NUMBER') {
  return (text: string): Parsed<number> => {
    const parsed = parseWhole(text);
    return 'value' in parsed && parsed.value >= min && parsed.value <= max ? parsed : { code };
  };
}
