import { COLUMNS, type Column } from '../../bench/sample/dirt.ts';
import type { SampleRow } from '../../bench/sample/portfolio.ts';
import type { SeenPair, SeenRow } from '../../bench/sample/score.ts';
import { cleanName, looksLikeName, nameKey } from '../../src/cleansing/names.ts';
import { readPhone } from '../../src/cleansing/phones.ts';
import { checkResidentId } from '../../src/cleansing/resident-id.ts';

/** Reads the people of a sample with the cleansing functions alone, as an import would, and joins them by the keys. */

/** The columns that are read here; amounts and dates are the import's. */
export const PEOPLE_COLUMNS: ReadonlySet<Column> = new Set<Column>(['name', 'resident_id', 'phone']);

interface Known {
  readonly customerId: string;
  readonly residentId: string | null;
  readonly key: string;
  readonly phone: string;
}

export function readPeople(rows: readonly SampleRow[], today: string): { seen: SeenRow[]; pairs: SeenPair[] } {
  const known: Known[] = [];
  const seen = rows.map((row, at) => {
    const cell = (column: Column) => row.cells[COLUMNS.indexOf(column)]!;
    const name = cleanName(cell('name'));
    const id = cell('resident_id') === '' ? null : checkResidentId(cell('resident_id'), today);
    const phone = readPhone(cell('phone'));
    const problems = [
      ...(name === null ? [{ column: 'name' }] : []),
      ...(id?.problem || looksLikeName(cell('resident_id')) ? [{ column: 'resident_id' }] : []),
      ...(phone?.allocated ? [] : [{ column: 'phone' }]),
    ];
    const corrections = [
      { column: 'name', kinds: name?.corrections ?? [] },
      { column: 'resident_id', kinds: id?.corrections ?? [] },
      { column: 'phone', kinds: phone?.corrections ?? [] },
    ].filter(({ kinds }) => kinds.length > 0);
    if (name === null || phone === null || problems.length > 0) {
      return { row: at + 1, outcome: 'quarantined', corrections: [], problems } as const;
    }
    const residentId = id?.value ?? null;
    known.push({ customerId: row.customerId, residentId, key: nameKey(name.value), phone: phone.value });
    const values = { name: name.value, residentId: residentId ?? '', phone: phone.value };
    const outcome = corrections.length > 0 ? 'corrected' : 'accepted';
    return { row: at + 1, outcome, corrections, problems, values } as const;
  });
  return { seen, pairs: pairsOf(known) };
}

/** Keys in their order: resident id; name and number where an id is missing; one number and two ids are two people. */
function pairsOf(known: readonly Known[]): SeenPair[] {
  const customers = [...Map.groupBy(known, ({ customerId }) => customerId).values()].map((rows) => ({
    ...rows[0]!,
    residentId: rows.find(({ residentId }) => residentId !== null)?.residentId ?? null,
  }));
  const byId = Map.groupBy(customers, ({ residentId }) => residentId);
  byId.delete(null);
  const byPhone = Map.groupBy(customers, ({ phone }) => phone);
  const found: SeenPair[] = [];
  for (const group of byId.values())
    found.push(...combinations(group).map((pair) => ({ pair: idsOf(pair), kind: 'same_id' as const })));
  for (const pair of [...byPhone.values()].flatMap(combinations)) {
    const [one, other] = pair;
    const known = one.residentId !== null && other.residentId !== null;
    if (known && one.residentId !== other.residentId) found.push({ pair: idsOf(pair), kind: 'shared_phone' });
    if (!known && one.key === other.key) found.push({ pair: idsOf(pair), kind: 'candidate' });
  }
  return found;
}

function combinations<T>(group: readonly T[]): (readonly [T, T])[] {
  return group.flatMap((one, at) => group.slice(at + 1).map((other) => [one, other] as const));
}

function idsOf([one, other]: readonly [Known, Known]): readonly [string, string] {
  return [one.customerId, other.customerId];
}
