import { lockAccountRows, type StoredAccount } from '../../accounts/repository.ts';
import type { Trx } from '../../db/database.ts';
import { differenceOf, statementRecord } from '../../statements/record.ts';
import {
  findStatementsBeside,
  type StatementBeside,
  type StatementRecord,
  upsertStatements,
} from '../../statements/repository.ts';
import { type ImportedStatement, STATEMENT_AMOUNTS } from '../mapping.ts';
import { addMet, findMet, metKey } from '../met.ts';
import type { FieldName } from '../sources/fields.ts';
import type { WaveContext } from '../wave.ts';
import { majorText } from './amounts.ts';
import { type Fate, isFate, type Remark, refused } from './fate.ts';
import { dryRunKeyed } from './keyed-dry-run.ts';
import type { NumberedRow, RecordKind } from './kind.ts';

/**
 * Statements, one per account and day. What is said last of a day is its newest version. One that does not add up, or does
 * not go on from the statement before, is kept and marked, as REST does.
 */
export function statementKind(): RecordKind<ImportedStatement> {
  return {
    keysOf: (row) => [[keyOf(row), null]],
    applyWave: async (trx, context, rows) => {
      const { fates, records } = await planWave(trx, context, rows, new Map());
      await upsertStatements(trx, records);
      return fates;
    },
    dryRunWave,
  };
}

const keyOf = ({ accountId, statementOn }: ImportedStatement) => `statement/${accountId}/${statementOn}`;

/** The last statement of each account that was met counts as if it were on file. */
async function dryRunWave(
  trx: Trx,
  context: WaveContext,
  wave: readonly NumberedRow<ImportedStatement>[],
): Promise<readonly Fate[]> {
  const { vault, importId } = context;
  const keys = new Map(wave.map(({ imported: { accountId } }) => [accountId, metKey(vault, 'last', accountId)]));
  const met = await findMet(trx, importId, [...keys.values()]);
  const last = new Map<string, Balance>();
  for (const [accountId, key] of keys) {
    const known = met.get(key.toString('hex'))?.value?.toString().split('/');
    if (known) last.set(accountId, { on: known[0]!, balanceMinor: BigInt(known[1]!) });
  }
  const rowOf = new Map(wave.map(({ row, imported }) => [keyOf(imported), row]));
  const newest = new Map<string, StatementRecord>();
  const fates = await dryRunKeyed(trx, context, wave, {
    keyOf,
    plan: async (rows) => {
      const planned = await planWave(trx, context, rows, last);
      for (const record of planned.records) {
        const before = newest.get(record.account_id)?.statement_on ?? last.get(record.account_id)?.on ?? '';
        if (record.statement_on >= before) newest.set(record.account_id, record);
      }
      return planned.fates;
    },
    // It would be the newest version of its day, also where it repeats what is on file.
    afterOther: (fate) => (fate.kind === 'known' ? { kind: 'new' } : fate),
  });
  const said = [...newest.values()].map((record) => ({
    key: keys.get(record.account_id)!,
    row: rowOf.get(`statement/${dayOf(record)}`)!,
    value: Buffer.from(`${record.statement_on}/${record.statement_balance_minor}`),
  }));
  if (said.length > 0) await addMet(trx, importId, said);
  return fates;
}

/** The day and the balance of a statement. */
interface Balance {
  readonly on: string;
  readonly balanceMinor: bigint;
}

interface WavePlan {
  readonly fates: readonly Fate[];
  readonly records: readonly StatementRecord[];
}

/**
 * Locks the accounts, and says of each statement what becomes of it, and which are to be written. `last` are statements
 * that are not on file and count as if they were, by their accounts.
 */
async function planWave(
  trx: Trx,
  context: WaveContext,
  rows: readonly ImportedStatement[],
  last: ReadonlyMap<string, Balance>,
): Promise<WavePlan> {
  const ids = rows.map(({ accountId }) => accountId);
  const accounts = new Map((await lockAccountRows(trx, ids)).map((account) => [account.accountId, account]));
  const made = rows.map((row) => {
    const account = accounts.get(row.accountId);
    return account === undefined ? refused('statement.accountId', 'ACCOUNT_UNKNOWN') : recordOf(context, account, row);
  });
  const records = made.flatMap((one) => (isFate(one) ? [] : [one]));
  const beside = new Map((await findStatementsBeside(trx, records)).map((one) => [dayOf(one), one]));
  const isNew = (record: StatementRecord) =>
    beside.get(dayOf(record))!.content_hash?.equals(record.content_hash) !== true;
  const byAccount = Map.groupBy(records, (record) => record.account_id);
  const fates = made.map((one): Fate => {
    if (isFate(one)) return one;
    const found = beside.get(dayOf(one))!;
    if (!isNew(one)) return { kind: 'known', of: { asOf: null, importId: found.import_id } };
    const others = (byAccount.get(one.account_id) ?? []).map(balanceOf);
    const known = last.get(one.account_id);
    const before = latestBefore(one.statement_on, [...fileBalance(found), ...(known ? [known] : []), ...others]);
    return { kind: 'new', warnings: warningsOf(one, before) };
  });
  return { fates, records: records.filter(isNew) };
}

const dayOf = (row: { account_id: string; statement_on: string }) => `${row.account_id}/${row.statement_on}`;

/** The record of a statement, or what is wrong with it in the currency of its account. */
function recordOf(context: WaveContext, account: StoredAccount, row: ImportedStatement): StatementRecord | Fate {
  const { customerId, accountId, currency } = account;
  const amounts = Object.fromEntries(STATEMENT_AMOUNTS.map((name) => [name, majorText(row.amounts[name], currency)]));
  const creditLimit = row.creditLimit && majorText(row.creditLimit, currency);
  const { record, errors } = statementRecord(
    { customerId, accountId, currency, statementOn: row.statementOn },
    { ...(amounts as Record<(typeof STATEMENT_AMOUNTS)[number], string>), dueOn: row.dueOn, creditLimit },
    context,
  );
  if (errors.length === 0) return record;
  const problems = errors.map(({ pointer, code }) => ({ field: `statement.${pointer.slice(1)}`, code }));
  return { kind: 'refused', problems: problems as Remark[] };
}

function fileBalance({ before_on: on, before_balance_minor: balanceMinor }: StatementBeside): Balance[] {
  return on === null || balanceMinor === null ? [] : [{ on, balanceMinor }];
}

function balanceOf(record: StatementRecord): Balance {
  return { on: record.statement_on, balanceMinor: record.statement_balance_minor };
}

function latestBefore(day: string, balances: readonly Balance[]): Balance | undefined {
  return balances.filter(({ on }) => on < day).sort((a, b) => (a.on < b.on ? 1 : -1))[0];
}

function warningsOf(record: StatementRecord, before: Balance | undefined): Remark[] {
  const warn = (field: FieldName, code: Remark['code'], isWrong: boolean) => (isWrong ? [{ field, code }] : []);
  return [
    ...warn('statement.statementBalance', 'STATEMENT_IDENTITY', differenceOf(record) !== 0n),
    ...warn(
      'statement.previousBalance',
      'STATEMENT_CONTINUITY',
      before !== undefined && before.balanceMinor !== record.previous_balance_minor,
    ),
  ];
}
