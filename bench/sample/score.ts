import { type Column, KINDS, type Kind } from './dirt.ts';
import type { PairLabel } from './portfolio.ts';
import type { RowLabel } from './write.ts';

/** What cleansing made of one row of accounts.csv. */
export interface SeenRow {
  readonly row: number;
  readonly outcome: 'accepted' | 'corrected' | 'quarantined' | 'duplicate';
  readonly corrections: readonly { readonly column: string; readonly kinds: readonly string[] }[];
  readonly problems: readonly { readonly column: string }[];
  /** What the cells were read as, where it is known; compared with the truth. */
  readonly values?: Partial<RowLabel['truth']>;
}

/** Two customer numbers that were found to belong together, or to share a number. */
export type SeenPair = {
  readonly pair: readonly [string, string];
  readonly kind: 'same_id' | 'candidate' | 'shared_phone';
};

export interface Score {
  readonly kind: string;
  /** How often it is there. */
  readonly expected: number;
  /** Of what was taken for it, the share that is it; null where nothing is claimed. */
  readonly precision: number | null;
  /** Of what is it, the share that was seen. */
  readonly recall: number;
}

export interface Truth {
  readonly rows: readonly RowLabel[];
  readonly pairs: readonly PairLabel[];
}

/** Reads the lines of labels.ndjson. */
export function readLabels(text: string): Truth {
  const lines = text.split('\n').filter((line) => line !== '');
  const labels = lines.map((line) => JSON.parse(line) as RowLabel | PairLabel);
  return {
    rows: labels.filter((label): label is RowLabel => 'row' in label),
    pairs: labels.filter((label): label is PairLabel => 'pair' in label),
  };
}

/**
 * Precision and recall for every kind of dirt, for the rows that have none (`clean`), and for the values that were read
 * (`value`, recall only). `columns` leaves out the kinds of other columns, and repeated rows, for whoever reads only some.
 */
export function scoreRows({ rows }: Truth, seen: readonly SeenRow[], columns?: ReadonlySet<Column>): Score[] {
  const scored = (kind: Kind) =>
    columns === undefined || (KINDS[kind].columns.length > 0 && KINDS[kind].columns.every((one) => columns.has(one)));
  const kindsOf = new Map(rows.map(({ row, kinds }) => [row, kinds.filter(scored)]));
  const truthOf = new Map(rows.map(({ row, truth }) => [row, truth]));
  const scores = (Object.keys(KINDS) as Kind[]).filter(scored).map((kind) => scoreKind(kind, kindsOf, seen));
  const isClean = ({ row }: SeenRow) => (kindsOf.get(row) ?? []).length === 0;
  const untouched = seen.filter((one) => one.outcome === 'accepted' && one.corrections.length === 0);
  const harmless = untouched.filter(({ row }) => (kindsOf.get(row) ?? []).every(isHarmless));
  const clean = seen.filter(isClean);
  const read = seen.filter(({ row, outcome, values }) => values && outcome !== 'quarantined' && truthOf.has(row));
  const right = read.filter(({ row, values }) =>
    Object.entries(values!).every(([name, value]) => truthOf.get(row)![name as keyof RowLabel['truth']] === value),
  );
  const kept = new Set(untouched);
  const cleanRecall = ratio(clean.filter((one) => kept.has(one)).length, clean.length);
  return [
    ...scores,
    {
      kind: 'clean',
      expected: clean.length,
      precision: ratio(harmless.length, untouched.length),
      recall: cleanRecall,
    },
    { kind: 'value', expected: read.length, precision: null, recall: ratio(right.length, read.length) },
  ];
}

function scoreKind(kind: Kind, kindsOf: ReadonlyMap<number, readonly Kind[]>, seen: readonly SeenRow[]): Score {
  const { columns, correction } = KINDS[kind];
  const labelled = seen.filter(({ row }) => kindsOf.get(row)?.includes(kind));
  // What was corrected in a row that is refused for something else, or was there before, is not told.
  const expected =
    correction === 'quarantined'
      ? labelled
      : labelled.filter(({ row }) => !kindsOf.get(row)!.some((other) => isUnread(other, correction)));
  const shown = (one: SeenRow) => shows(one, columns, correction);
  const claimed = correction === null ? [] : seen.filter(shown);
  const explained = claimed.filter(({ row }) => kindsOf.get(row)?.some((other) => isSameSign(other, kind)));
  return {
    kind,
    expected: expected.length,
    precision: correction === null ? null : ratio(explained.length, claimed.length),
    recall: ratio(expected.filter(shown).length, expected.length),
  };
}

function shows(seen: SeenRow, columns: readonly string[], correction: string | null): boolean {
  if (correction === 'duplicate') return seen.outcome === 'duplicate';
  if (correction === 'quarantined') {
    return seen.outcome === 'quarantined' && seen.problems.some(({ column }) => columns.includes(column));
  }
  const inColumn = seen.corrections.filter(({ column }) => columns.includes(column));
  if (correction === null) return seen.outcome !== 'quarantined' && inColumn.length === 0;
  return inColumn.some(({ kinds }) => kinds.includes(correction));
}

/** Kinds of one column that come out alike explain each other: an impossible date is no false alarm of the check character. */
function isSameSign(one: Kind, other: Kind): boolean {
  const columns: readonly Column[] = KINDS[one].columns;
  return (
    one === other ||
    (KINDS[one].correction === KINDS[other].correction &&
      KINDS[other].columns.some((column) => columns.includes(column)))
  );
}

function isUnread(kind: Kind, asked: string | null): boolean {
  const { correction } = KINDS[kind];
  return correction === 'quarantined' || (correction === 'duplicate' && asked !== 'duplicate');
}

function isHarmless(kind: Kind): boolean {
  return KINDS[kind].correction === null;
}

/** Precision and recall of the pairs, and how many namesakes stayed apart (`namesake`, recall only). */
export function scorePairs({ pairs }: Truth, seen: readonly SeenPair[]): Score[] {
  const keyOf = ({ pair, kind }: PairLabel | SeenPair) => [...pair].sort().concat(kind).join(' ');
  const [expected, found] = [new Set(pairs.map(keyOf)), new Set(seen.map(keyOf))];
  const joined = new Set(
    seen.filter(({ kind }) => kind !== 'shared_phone').map(({ pair }) => [...pair].sort().join(' ')),
  );
  const namesakes = pairs.filter(({ kind }) => kind === 'namesake');
  const scores = (['same_id', 'candidate', 'shared_phone'] as const).map((kind): Score => {
    const [is, claimed] = [expected, found].map((keys) => [...keys].filter((key) => key.endsWith(` ${kind}`)));
    const right = claimed!.filter((key) => expected.has(key)).length;
    return {
      kind,
      expected: is!.length,
      precision: ratio(right, claimed!.length),
      recall: ratio(right, is!.length),
    };
  });
  const apart = namesakes.filter(({ pair }) => !joined.has([...pair].sort().join(' '))).length;
  return [
    ...scores,
    { kind: 'namesake', expected: namesakes.length, precision: null, recall: ratio(apart, namesakes.length) },
  ];
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}

/** The scores as a table for people. */
export function describeScores(scores: readonly Score[]): string {
  const cell = (value: number | null) => (value === null ? '    –' : value.toFixed(3)).padStart(9);
  const lines = scores.map(
    ({ kind, expected, precision, recall }) =>
      `${kind.padEnd(24)}${String(expected).padStart(8)}${cell(precision)}${cell(recall)}`,
  );
  return [`${'kind'.padEnd(24)}${'there'.padStart(8)}${'precision'.padStart(9)}${'recall'.padStart(9)}`, ...lines].join(
    '\n',
  );
}
