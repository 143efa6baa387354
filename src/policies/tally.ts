/** Counts of what would differ, kept small however many decisions are read: one entry per rule, vendor and day. */

export const DIFFERENCES = ['newlyRefused', 'newlyPermitted', 'otherNextPermittedAt'] as const;
export type Difference = (typeof DIFFERENCES)[number];
export type Counts = Readonly<Record<Difference, number>>;

/** One decision beside what another policy says to the same facts. */
export interface Comparison {
  readonly decisionId: string;
  readonly collectorId: string;
  /** Civil day of the decision in the zone of the pack. */
  readonly day: string;
  readonly difference: Difference | null;
  /** Rules whose own finding differs: there in one and not in the other, or with another instant. */
  readonly ruleIds: readonly string[];
}

export interface Tally {
  compared: number;
  /** Decisions that cannot be compared, because a version that decided is unknown. */
  notComparable: number;
  /** Compared, although the recorded contacts may not reach back as far as the other policy counts. */
  factsTooShort: number;
  readonly counts: Record<Difference, number>;
  readonly byRule: Map<string, Record<Difference, number>>;
  readonly byVendor: Map<string, Record<Difference, number> & { compared: number }>;
  readonly byDay: Map<string, Record<Difference, number> & { compared: number }>;
  readonly samples: Record<Difference, string[]>;
}

const MAX_SAMPLES = 20;
const none = (): Record<Difference, number> => ({ newlyRefused: 0, newlyPermitted: 0, otherNextPermittedAt: 0 });

export function emptyTally(): Tally {
  return {
    compared: 0,
    notComparable: 0,
    factsTooShort: 0,
    counts: none(),
    byRule: new Map(),
    byVendor: new Map(),
    byDay: new Map(),
    samples: { newlyRefused: [], newlyPermitted: [], otherNextPermittedAt: [] },
  };
}

/** Adds one comparison; the order in which they come does not matter. */
export function count(tally: Tally, { decisionId, collectorId, day, difference, ruleIds }: Comparison): void {
  tally.compared += 1;
  const groups = [
    entryOf(tally.byVendor, collectorId, () => ({ compared: 0, ...none() })),
    entryOf(tally.byDay, day, () => ({ compared: 0, ...none() })),
  ];
  for (const group of groups) group.compared += 1;
  if (difference === null) return;
  const rules = [...new Set(ruleIds)].map((ruleId) => entryOf(tally.byRule, ruleId, none));
  for (const counts of [tally.counts, ...groups, ...rules]) counts[difference] += 1;
  sample(tally.samples[difference], decisionId);
}

function entryOf<T>(map: Map<string, T>, key: string, create: () => T): T {
  let entry = map.get(key);
  if (entry === undefined) {
    entry = create();
    map.set(key, entry);
  }
  return entry;
}

/** The ids with the smallest random parts: an even sample of all, whatever the order, and the same after a restart. */
function sample(ids: string[], id: string): void {
  const last = ids.at(-1);
  if (ids.length === MAX_SAMPLES && last !== undefined && randomPart(id) >= randomPart(last)) return;
  if (ids.includes(id)) return;
  ids.push(id);
  ids.sort((a, b) => (randomPart(a) < randomPart(b) ? -1 : 1));
  ids.length = Math.min(ids.length, MAX_SAMPLES);
}

const RANDOM_DIGITS = 12;

/** The last digits of a UUIDv7, which are random. */
function randomPart(id: string): string {
  return id.slice(-RANDOM_DIGITS);
}

/** First random part that is no longer in a sample of this rate (0 to 1, both inclusive); compare as text. */
export function sampleBound(rate: number): string {
  if (rate >= 1) return 'g';
  return Math.floor(rate * 16 ** RANDOM_DIGITS)
    .toString(16)
    .padStart(RANDOM_DIGITS, '0');
}

/** What is kept between batches: the maps as lists of entries. */
export function storedTally({ byRule, byVendor, byDay, ...rest }: Tally): string {
  return JSON.stringify({ ...rest, byRule: [...byRule], byVendor: [...byVendor], byDay: [...byDay] });
}

export function tallyOf(stored: Record<string, unknown>): Tally {
  const { byRule, byVendor, byDay, ...rest } = stored as ReturnType<typeof JSON.parse>;
  return { ...rest, byRule: new Map(byRule), byVendor: new Map(byVendor), byDay: new Map(byDay) };
}

/** The lists of a report: rules with the most differences first, vendors by id, days in order. */
export function reportOf({ byRule, byVendor, byDay, ...rest }: Tally) {
  const total = (counts: Counts) => counts.newlyRefused + counts.newlyPermitted + counts.otherNextPermittedAt;
  const byKey = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    decisionsCompared: rest.compared,
    notComparable: rest.notComparable,
    factsTooShort: rest.factsTooShort,
    ...rest.counts,
    byRule: byKey(byRule)
      .map(([ruleId, counts]) => ({ ruleId, ...counts }))
      .sort((a, b) => total(b) - total(a)),
    byVendor: byKey(byVendor).map(([collectorId, { compared, ...counts }]) => ({
      collectorId,
      decisionsCompared: compared,
      ...counts,
    })),
    byDay: byKey(byDay).map(([day, { compared, ...counts }]) => ({ day, decisionsCompared: compared, ...counts })),
    samples: rest.samples,
  };
}
