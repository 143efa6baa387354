import { describe, expect, test } from 'vitest';
import { COLUMNS } from '../../bench/sample/dirt.ts';
import { DIRT } from '../../bench/sample/parameters.ts';
import { type SampleOptions, type SampleRow, samplePerson } from '../../bench/sample/portfolio.ts';
import { describeScores, type SeenRow, scorePairs, scoreRows } from '../../bench/sample/score.ts';
import { labelOf } from '../../bench/sample/write.ts';
import { readHeader } from '../../src/imports/csv.ts';
import { type ImportedRow, readRow, statementAt } from '../../src/imports/mapping.ts';
import { BUILT_IN } from '../../src/imports/sources/sources.ts';

const TODAY = '2026-11-20';
const OPTIONS: SampleOptions = { seed: 7, customers: 6000, asOf: TODAY, months: 1, dirt: DIRT };
const people = Array.from({ length: OPTIONS.customers }, (_, no) => samplePerson(OPTIONS, no));
const rows = people.flatMap((person) => person.rows);
const truth = { rows: rows.map((row, at) => labelOf(row, at + 1)), pairs: people.flatMap(({ pairs }) => pairs) };

const { mapping } = BUILT_IN.get('default')!;
const header = readHeader(COLUMNS, mapping.columns);
const statement = statementAt(TODAY, 'Asia/Shanghai', Temporal.Instant.from(`${TODAY}T02:00:00Z`));

/** A row as an import reads it; whether it comes twice is seen where it is written. */
function seenOf({ cells }: SampleRow, at: number): SeenRow {
  const result = readRow(mapping, header, cells, statement);
  if ('problems' in result)
    return { row: at + 1, outcome: 'quarantined', corrections: [], problems: [...result.problems] };
  const { customer, account } = result.imported as ImportedRow;
  return {
    row: at + 1,
    outcome: result.corrections.length > 0 ? 'corrected' : 'accepted',
    corrections: [...result.corrections],
    problems: [],
    values: {
      name: customer.name,
      residentId: customer.residentId ?? '',
      phone: customer.phones[0]?.value ?? '',
      principal: account.balances.principal,
    },
  };
}

test('reading a dirty sample finds all dirt that can be decided, and touches nothing else', () => {
  const scores = scoreRows(truth, rows.map(seenOf), new Set(COLUMNS));
  const table = describeScores(scores);
  // Of 22 kinds the repeated row is left out; clean and value are added.
  expect(scores, table).toHaveLength(23);
  for (const { kind, expected, precision, recall } of scores) {
    expect(expected, `${kind}\n${table}`).toBeGreaterThan(0);
    expect([precision ?? 1, recall], `${kind}\n${table}`).toEqual([1, 1]);
  }
});

describe('the score', () => {
  const truths = {
    rows: [1, 2, 3, 4].map((row) => ({
      row,
      customerId: `C${row}`,
      accountId: `A${row}`,
      kinds: row <= 2 ? (['phone_prefix'] as const) : [],
      outcome: row <= 2 ? ('corrected' as const) : ('accepted' as const),
      truth: { name: '张三', residentId: '', phone: '+8615400000000', principal: '1.00' },
    })),
    pairs: [
      { pair: ['C1', 'C2'], kind: 'same_id' },
      { pair: ['C3', 'C4'], kind: 'namesake' },
    ] as const,
  };
  const row = (no: number, kinds: string[], phone = '+8615400000000'): SeenRow => ({
    row: no,
    outcome: kinds.length > 0 ? 'corrected' : 'accepted',
    corrections: kinds.length > 0 ? [{ column: 'phone', kinds }] : [],
    problems: [],
    values: { phone },
  });

  test('falls with what is missed, with what is claimed wrongly, and with a wrong value', () => {
    const seen = [row(1, ['prefix']), row(2, [], '+8615400000001'), row(3, ['prefix']), row(4, [])];
    const scores = new Map(scoreRows(truths, seen).map((score) => [score.kind, score]));
    expect(scores.get('phone_prefix')).toEqual({ kind: 'phone_prefix', expected: 2, precision: 0.5, recall: 0.5 });
    expect(scores.get('clean')).toEqual({ kind: 'clean', expected: 2, precision: 0.5, recall: 0.5 });
    expect(scores.get('value')).toMatchObject({ expected: 4, recall: 0.75 });
  });

  test('falls with pairs that are missed and people who are taken for one', () => {
    const scores = scorePairs(truths, [{ pair: ['C4', 'C3'], kind: 'same_id' }]);
    expect(scores[0]).toEqual({ kind: 'same_id', expected: 1, precision: 0, recall: 0 });
    expect(scores.at(-1)).toEqual({ kind: 'namesake', expected: 1, precision: null, recall: 0 });
    expect(scorePairs(truths, [{ pair: ['C2', 'C1'], kind: 'same_id' }]).map(({ recall }) => recall)).toEqual([
      1, 1, 1, 1,
    ]);
  });
});
