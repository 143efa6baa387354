import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COLUMNS } from '../../bench/sample/dirt.ts';
import { encodeGb18030 } from '../../bench/sample/gb18030.ts';
import { allocate, total, yuan } from '../../bench/sample/ledger.ts';
import { CLEAN, DIRT, measured } from '../../bench/sample/parameters.ts';
import { cardNumberOf } from '../../bench/sample/person.ts';
import { type SampleOptions, samplePerson } from '../../bench/sample/portfolio.ts';
import { readLabels } from '../../bench/sample/score.ts';
import { TABLES, writeSample } from '../../bench/sample/write.ts';
import { attemptReportSchema } from '../../src/attempts/schemas.ts';
import { checkCardNumber } from '../../src/cleansing/card-number.ts';
import { readPhone } from '../../src/cleansing/phones.ts';
import { checkResidentId } from '../../src/cleansing/resident-id.ts';
import { BUILT_IN } from '../../src/imports/sources/sources.ts';

const TODAY = '2026-11-20';
const defaultMapping = BUILT_IN.get('default')!.mapping;
const OPTIONS: SampleOptions = { seed: 1, customers: 3000, asOf: TODAY, months: 6, dirt: CLEAN };
const people = Array.from({ length: OPTIONS.customers }, (_, no) => samplePerson(OPTIONS, no));
const rows = people.flatMap((person) => person.rows);
const cards = rows.map(({ card }) => card);

describe('people of a sample', () => {
  test('are of the test ranges, valid in form, and nobody is there twice', () => {
    for (const { person } of people) {
      const id = checkResidentId(person.residentId, TODAY);
      expect(id).toMatchObject({ problem: null, test: true, birthDate: person.birthDate });
      expect(id.sex).toBe(person.female ? 'female' : 'male');
      expect(readPhone(person.phone)).toMatchObject({ allocated: true, test: true });
    }
    expect(new Set(people.map(({ person }) => person.residentId)).size).toBe(people.length);
    const own = people.filter(({ person }) => !person.sharesPhone);
    expect(new Set(own.map(({ person }) => person.phone)).size).toBe(own.length);
  });

  test('have cards that pass Luhn and that no bank has issued', () => {
    const numbers = [0, 1, 4_999_999].flatMap((no) => [1, 2, 3].map((card) => cardNumberOf(no, card)));
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(checkCardNumber(number)?.digits.slice(0, 6)).toBe('999999');
  });

  test('have several cards, customer numbers and family telephones as often as stated', () => {
    const share = (is: (one: (typeof people)[number]) => boolean) => people.filter(is).length / people.length;
    expect(share((one) => one.rows.length > 1)).toBeCloseTo(0.12, 1);
    expect(share((one) => new Set(one.rows.map(({ customerId }) => customerId)).size > 1)).toBeCloseTo(0.06, 1);
    expect(share(({ person }) => person.sharesPhone)).toBeGreaterThan(0.02);
    expect(share(({ person }) => person.sharesPhone)).toBeLessThan(0.04);
  });
});

describe('cards of a sample', () => {
  test('move between states as the UCI data does: each share within four standard errors', () => {
    const { transitions, firstStates } = measured;
    const moves = transitions.map((shares) => shares.map(() => 0));
    for (const { states } of cards)
      for (const [at, to] of states.entries()) if (at > 0) moves[states[at - 1]!]![to]! += 1;
    for (const [from, counts] of moves.entries()) expectShares(counts, transitions[from]!);
    const first = firstStates.map((_, state) => cards.filter(({ states }) => states[0] === state).length);
    expectShares(first, firstStates);
  });

  test('have statements that add up and go on from each other', () => {
    for (const { statements } of cards) {
      for (const [at, bill] of statements.entries()) {
        const { previousBalance, paymentsTotal, newCharges, adjustments, interest, statementBalance } = bill;
        expect(previousBalance - paymentsTotal + newCharges - adjustments + interest).toBe(statementBalance);
        if (at > 0) expect(previousBalance).toBe(statements[at - 1]!.statementBalance);
      }
    }
  });

  test('owe the last statement less what was paid since, part by part', () => {
    for (const { statements, payments, balances } of cards) {
      const last = statements.at(-1)!;
      const since = payments.filter(({ postedOn }) => postedOn > last.statementOn);
      const paid = since.reduce((sum, { amount }) => sum + amount, 0);
      expect(total(balances)).toBe(last.statementBalance - paid);
      expect(Math.min(balances.interest, balances.penalty, balances.fees)).toBeGreaterThanOrEqual(0);
      for (const { amount, postedOn } of payments) expect(amount > 0 && postedOn < TODAY).toBe(true);
    }
  });

  test.each([
    [-5, { principal: 800, interest: 0, penalty: 0, fees: 0 }],
    [90, { principal: 800, interest: 0, penalty: 0, fees: 0 }],
    [91, { principal: 600, interest: 100, penalty: 70, fees: 30 }],
  ])('paid %i days after the due date leave %j', (days, left) => {
    const balances = { principal: 1000, interest: 100, penalty: 70, fees: 30 };
    allocate(balances, 400, days);
    expect(balances).toEqual(left);
  });

  test('are past due since the due date that as many statements ago was missed', () => {
    for (const { states, statements, pastDueSince } of cards) {
      const due = statements.map(({ dueOn }) => dueOn).filter((dueOn) => dueOn < TODAY);
      const missed = states.at(-1)!;
      if (missed === 0) expect(pastDueSince).toBeNull();
      else if (missed <= due.length && missed < 5) expect(pastDueSince).toBe(due.at(-missed));
      else expect(pastDueSince! < TODAY).toBe(true);
    }
  });

  test('are called from 08:00 to 20:00 while they are late, at most once a day', () => {
    const contacts = people.flatMap((person) => person.contacts);
    const late = new Map(rows.map(({ accountId, card }) => [accountId, card.pastDueSince]));
    expect(contacts.length).toBeGreaterThan(100);
    expect(new Set(contacts.map(({ attemptId }) => attemptId)).size).toBe(contacts.length);
    for (const contact of contacts) {
      const { startedAt, endedAt, accountIds } = contact;
      expect(attemptReportSchema.safeParse(contact).success).toBe(true);
      const [from, to] = [startedAt, endedAt].map((instant) => instant.slice(11, 19));
      expect(from! >= '08:00:00' && from! < to! && to! <= '20:00:00').toBe(true);
      expect(startedAt.slice(0, 10) > late.get(accountIds[0]!)!).toBe(true);
    }
  });
});

/** Shares that were drawn agree with those that were asked for. */
function expectShares(counts: readonly number[], shares: readonly number[]): void {
  const sum = counts.reduce((all, count) => all + count, 0);
  expect(sum).toBeGreaterThan(0);
  for (const [at, share] of shares.entries()) {
    const error = Math.sqrt((share * (1 - share)) / sum);
    expect(Math.abs(counts[at]! / sum - share), `${at}: ${counts} for ${shares}`).toBeLessThanOrEqual(4 * error + 1e-4);
  }
}

describe('files of a sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sample-'));
  const small = { ...OPTIONS, customers: 400, dirt: DIRT };
  const plain = { charset: 'utf-8', separator: ',', bom: false } as const;
  const read = (name: string, file: string) => readFileSync(join(folder, name, file));
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  afterAll(() => rmSync(folder, { recursive: true }));

  test('have the columns of the template, a total, a label for each dirty row, and the bytes they had on other machines', async () => {
    const { counts, principal } = await writeSample(join(folder, 'a'), small, plain);
    const lines = read('a', 'accounts.csv').toString().trimEnd().split('\r\n');
    expect(lines[0]).toBe(defaultMapping.columns.required.join(','));
    expect(COLUMNS).toEqual(defaultMapping.columns.required);
    expect(lines.at(-1)).toBe(`合计,${counts.rows},,,,,,,${principal},,,,,,,`);
    expect(lines).toHaveLength(counts.rows + 2);
    const labels = readLabels(read('a', 'labels.ndjson').toString());
    expect(labels.rows.length).toBeGreaterThan(20);
    for (const { row, accountId } of labels.rows) expect(lines[row]).toContain(accountId);
    expect(hash(read('a', 'accounts.csv'))).toBe('e3a9fda79c33d3f6111e3faf9f3f3bad9883c4003d6ad6927ddd7a84c1041f44');
  });

  test('have payments and statements in the layouts of the service, with their totals', async () => {
    const { counts } = await writeSample(join(folder, 'h'), small, plain);
    for (const [name, rows] of [
      ['payments', counts.payments],
      ['statements', counts.statements],
    ] as const) {
      const { columns, sumColumn } = BUILT_IN.get(name)!.mapping;
      expect(columns.required.concat(columns.optional).slice(0, TABLES[name].length)).toEqual(TABLES[name]);
      const lines = read('h', `${name}.csv`).toString().trimEnd().split('\r\n');
      const cells = lines.slice(1, -1).map((line) => line.split(','));
      const names: readonly string[] = TABLES[name];
      const at = names.indexOf(sumColumn);
      const fen = cells.reduce((sum, row) => sum + Math.round(Number(row[at]) * 100), 0);
      expect(
        lines
          .at(-1)!
          .split(',')
          .filter((cell) => cell !== ''),
      ).toEqual(['合计', String(rows), yuan(fen)]);
      expect(cells).toHaveLength(rows);
    }
  });

  test('are the same for a seed, others for another, and a small one is the beginning of a large one', async () => {
    await writeSample(join(folder, 'b'), small, plain);
    await writeSample(join(folder, 'c'), { ...small, seed: 2 }, plain);
    await writeSample(join(folder, 'd'), { ...small, customers: 600 }, plain);
    for (const file of ['accounts.csv', 'labels.ndjson', 'payments.csv', 'contacts.ndjson', 'statements.csv']) {
      expect(hash(read('b', file))).toBe(hash(read('a', file)));
      expect(hash(read('c', file))).not.toBe(hash(read('a', file)));
    }
    const payments = read('a', 'payments.csv').toString().split('合计')[0]!;
    expect(payments.length).toBeGreaterThan(10_000);
    expect(read('d', 'payments.csv').toString().startsWith(payments)).toBe(true);
  });

  test('say the same in GB18030 between bars, and with a byte order mark', async () => {
    await writeSample(join(folder, 'e'), small, { charset: 'gb18030', separator: '|', bom: false });
    const text = new TextDecoder('gb18030', { fatal: true }).decode(read('e', 'accounts.csv'));
    expect(text.replaceAll('|', ',')).toBe(read('a', 'accounts.csv').toString().replaceAll('"', ''));
    await writeSample(join(folder, 'f'), small, { ...plain, bom: true });
    expect(read('f', 'accounts.csv')).toEqual(Buffer.concat([Buffer.from('\ufeff'), read('a', 'accounts.csv')]));
  });

  test('are clean when asked for', async () => {
    await writeSample(join(folder, 'g'), { ...small, dirt: CLEAN }, plain);
    const { rows } = readLabels(read('g', 'labels.ndjson').toString());
    expect(rows.flatMap(({ kinds }) => kinds).filter((kind) => kind !== 'name_rare')).toEqual([]);
  });
});

test('every character that is not of private use is written in GB18030 as it is read', () => {
  const text = Array.from({ length: 0x20bff }, (_, code) => code)
    .filter((code) => code < 0xd800 || code > 0xf8ff)
    .map((code) => String.fromCodePoint(code))
    .join('');
  expect(new TextDecoder('gb18030', { fatal: true, ignoreBOM: true }).decode(encodeGb18030(text)) === text).toBe(true);
  expect(encodeGb18030('|中€䶮𠮷').toString('hex')).toBe('7cd6d0a2e3fe9f9534b235');
  expect(() => encodeGb18030('\ud842')).toThrow(RangeError);
});
