import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { yuan } from '../../bench/sample/ledger.ts';
import { DIRT, type DirtShares } from '../../bench/sample/parameters.ts';
import { samplePerson } from '../../bench/sample/portfolio.ts';
import {
  describeScores,
  readLabels,
  type Score,
  type SeenPair,
  type SeenRow,
  scorePairs,
  scoreRows,
} from '../../bench/sample/score.ts';
import { labelOf, writeSample } from '../../bench/sample/write.ts';
import type { Customer } from '../../src/customers/schemas.ts';
import type { Import, ImportRowAnswer, Rejection } from '../../src/imports/schemas.ts';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import type { CustomerPicture } from '../../src/picture/schemas.ts';
import { background } from '../../src/tasks.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf, ended, until } from '../support/imports.ts';

/** The demonstration: the three files of a sample, sent as they are, and what the service makes of them. */

const TODAY = '2026-11-20';
/** So dirty that a small one has every kind. */
const dirt = Object.fromEntries(
  Object.entries(DIRT).map(([kind, share]) => [kind, Math.min(share * 4, 0.8)]),
) as DirtShares;
const OPTIONS = { seed: 5, customers: 1200, asOf: TODAY, months: 3, dirt };

const folder = mkdtempSync(join(tmpdir(), 'sample-'));
const people = Array.from({ length: OPTIONS.customers }, (_, no) => samplePerson(OPTIONS, no));
const rows = people.flatMap((person) => person.rows);
const labels = rows.map((row, at) => labelOf(row, at + 1));
const applied = rows.filter((_, at) => ['accepted', 'corrected'].includes(labels[at]!.outcome));
const labelled = (outcome: string) => labels.filter((label) => label.outcome === outcome).length;

let t: TestApp;
let worker: Worker;
const imports: Record<string, Import> = {};
beforeAll(async () => {
  t = await buildTestApp({ now: `${TODAY}T10:00:00+08:00` });
  worker = await startWorker(t.services, background, t.app.log);
  await writeSample(folder, OPTIONS, { charset: 'gb18030', separator: '|', bom: false });
  for (const [name, source] of [
    ['accounts', 'default'],
    ['statements', 'statements'],
    ['payments', 'payments'],
  ] as const) {
    const file = readFileSync(join(folder, `${name}.csv`));
    const answer = await t.call('POST', `/v1/imports?source=${source}`, file, { 'content-type': 'text/csv' });
    imports[name] = await until(t, answer.body.importId as string, ended);
  }
  // The search that the end of the accounts calls for.
  while ((await countOf(t, "duplicate_searches WHERE status <> 'completed'")) > 0) await sleep(20);
}, 120_000);
afterAll(async () => {
  await worker.stop();
  await t.close();
  rmSync(folder, { recursive: true });
});

const get = async (path: string) => {
  const { status, body } = await t.call('GET', path);
  expect(status, path).toBe(200);
  return body;
};

describe('the three files of a sample', () => {
  test('are applied but for what their labels say, and for what belongs to accounts that are refused', async () => {
    expect(imports.accounts).toMatchObject({
      status: 'completed',
      records: 'accounts',
      charset: 'gb18030',
      rowsTotal: rows.length,
      accepted: applied.length,
      corrected: labelled('corrected'),
      duplicates: labelled('duplicate'),
      quarantined: labelled('quarantined'),
    });
    expect(labelled('quarantined')).toBeGreaterThan(50);
    const refused = new Set(labels.filter(({ outcome }) => outcome === 'quarantined').map((label) => label.accountId));
    const once = rows.filter((_, at) => labels[at]!.outcome !== 'duplicate');
    for (const [name, of] of [
      ['statements', (row: (typeof rows)[number]) => row.card.statements.length],
      ['payments', (row: (typeof rows)[number]) => row.card.payments.length],
    ] as const) {
      const total = (list: typeof rows) => list.reduce((sum, row) => sum + of(row), 0);
      const lost = total(once.filter(({ accountId }) => refused.has(accountId)));
      expect(imports[name]).toMatchObject({
        status: 'completed',
        rowsTotal: total(once),
        accepted: total(once) - lost,
        corrected: 0,
        duplicates: 0,
        quarantined: lost,
      });
      const told = (await get(`/v1/imports/${imports[name]!.importId}/rejections`)) as Rejection[];
      expect(new Set(told.map(({ code }) => code))).toEqual(new Set(['ACCOUNT_UNKNOWN']));
      // Every statement adds up and goes on from the one before.
      expect(await get(`/v1/imports/${imports[name]!.importId}/rows?outcome=accepted`)).toEqual([]);
    }
  });

  test('leave every account with the balances of its file: its state includes the payments before', async () => {
    for (const { accountId, card } of applied) {
      const account = await get(`/v1/accounts/${accountId}`);
      const { principal, interest, penalty, fees } = card.balances;
      const [minimum, limit] = [yuan(card.minimumDue), yuan(card.creditLimit)];
      expect(account, accountId).toMatchObject({
        balances: { principal: yuan(principal), interest: yuan(interest), penalty: yuan(penalty), fees: yuan(fees) },
        pastDueSince: card.pastDueSince,
        minimumPaymentDue: minimum,
        creditLimit: limit,
      });
    }
  });

  test('give the picture of a customer statements, payments and the history of delinquency', async () => {
    const late = applied.find(
      ({ customerId, card: { pastDueSince, payments, statements } }) =>
        pastDueSince !== null &&
        payments.length > 0 &&
        statements.length >= 3 &&
        applied.filter((row) => row.customerId === customerId).length === 1,
    )!;
    const picture = (await get(`/v1/customers/${late.customerId}/picture`)) as CustomerPicture;
    const account = picture.accounts.find((one) => one.account.accountId === late.accountId)!;
    const { statements, payments, pastDueSince } = late.card;
    expect(account.statements).toMatchObject(
      statements
        .slice(-3)
        .reverse()
        .map(({ statementOn, statementBalance }) => ({
          statementOn,
          statementBalance: yuan(statementBalance),
          identity: { holds: true },
        })),
    );
    expect(account.payments).toMatchObject(
      payments
        .slice(-5)
        .reverse()
        .map(({ amount, postedOn }) => ({ amount: yuan(amount), postedOn, reversal: null })),
    );
    expect(account.delinquency.length).toBeGreaterThan(0);
    expect(account.account).toMatchObject({ pastDueSince });
  });

  test('again change nothing', async () => {
    for (const [name, source] of [
      ['payments', 'payments'],
      ['statements', 'statements'],
    ] as const) {
      const file = readFileSync(join(folder, `${name}.csv`));
      const { body } = await t.call('POST', `/v1/imports?source=${source}`, file, { 'content-type': 'text/csv' });
      const again = await until(t, body.importId, ended);
      expect(again).toMatchObject({ accepted: 0, duplicates: imports[name]!.accepted });
    }
  });
});

describe('what the import made of the dirt', () => {
  const expectScores = (scores: readonly Score[], least: (kind: string) => number) => {
    const table = describeScores(scores);
    for (const { kind, expected, precision, recall } of scores) {
      expect(expected, `${kind}\n${table}`).toBeGreaterThan(0);
      expect(precision ?? 1, `${kind}\n${table}`).toBe(1);
      expect(recall, `${kind}\n${table}`).toBeGreaterThanOrEqual(least(kind));
    }
  };
  const truth = () => readLabels(readFileSync(join(folder, 'labels.ndjson'), 'utf8'));

  test('is found where it can be decided, row for row, and nothing else is touched', async () => {
    const told = (await get(`/v1/imports/${imports.accounts!.importId}/rows`)) as ImportRowAnswer[];
    const byRow = new Map(told.map((row) => [row.row, row]));
    const seen = labels.map(({ row }): SeenRow => {
      const { outcome = 'accepted', corrections = [], problems = [] } = byRow.get(row) ?? {};
      return { row, outcome, corrections, problems };
    });
    const scores = scoreRows({ rows: labels, pairs: [] }, seen).filter(({ kind }) => kind !== 'value');
    expect(scores).toHaveLength(23);
    expectScores(scores, () => 1);
  });

  test('is one person under two numbers where both have the id, a candidate where one is missing, and a mark where two share a number', async () => {
    const customers = new Map<string, Customer>();
    for (const id of new Set(applied.map(({ customerId }) => customerId)))
      customers.set(id, await get(`/v1/customers/${id}`));
    const pairs: SeenPair[] = [];
    for (const { customerId, sameAs } of customers.values())
      for (const other of sameAs) if (other > customerId) pairs.push({ pair: [customerId, other], kind: 'same_id' });
    for (let cursor = ''; ; ) {
      const page = await get(`/v1/duplicate-candidates?status=open&limit=200${cursor && `&cursor=${cursor}`}`);
      for (const { customerIds } of page.items) pairs.push({ pair: customerIds, kind: 'candidate' });
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    const shared = [...customers.values()].flatMap(({ parties }) =>
      parties.flatMap(({ contactPoints }) => contactPoints.filter((point) => point.sharedPhone)),
    );
    for (const phone of new Set(shared.map(({ value }) => value))) {
      const { body } = await t.call('POST', '/v1/customers/search', { phone });
      const found = (body.items as { customer: Customer }[])
        .map(({ customer }) => customer)
        .filter(({ residentId }) => residentId !== null);
      for (const one of found)
        for (const other of found)
          if (one.customerId < other.customerId && !one.sameAs.includes(other.customerId))
            pairs.push({ pair: [one.customerId, other.customerId], kind: 'shared_phone' });
    }
    // Without an id, a name in traditional characters that simplify in two ways may not meet its own.
    expectScores(scorePairs(truth(), pairs), (kind) => (kind === 'candidate' ? 0.9 : 1));
  });
});
