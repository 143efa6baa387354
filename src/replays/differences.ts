/** Where two JSON values differ: a JSON Pointer, and what stands there in either; null where there is nothing. */
export interface Difference {
  readonly path: string;
  readonly recorded: unknown;
  readonly replayed: unknown;
}

/**
 * Compares member by member. Entries of a list that have an id are compared by it and named by it, so that a contact more
 * does not make all that follow different; other lists by place. With `grown`, members that only `replayed` has are
 * passed over: a later release added them.
 */
export function differencesOf(recorded: unknown, replayed: unknown, path = '', grown = false): Difference[] {
  if (recorded === undefined && grown) return [];
  const a = membersOf(recorded, replayed);
  const b = membersOf(replayed, recorded);
  if (a === null || b === null) {
    const isSame = Object.is(recorded ?? null, replayed ?? null);
    return isSame ? [] : [{ path, recorded: recorded ?? null, replayed: replayed ?? null }];
  }
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) =>
    differencesOf(
      a.get(key),
      b.get(key),
      `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      grown && !Array.isArray(recorded),
    ),
  );
}

/** The members by name; null for what has none, or when the other value is of another kind. */
function membersOf(value: unknown, other: unknown): ReadonlyMap<string, unknown> | null {
  if (Array.isArray(value)) {
    if (!Array.isArray(other)) return null;
    const named = [...value, ...other].every((entry) => idOf(entry) !== null);
    return new Map(value.map((entry, index) => [named ? idOf(entry)! : String(index), entry]));
  }
  if (typeof value !== 'object' || value === null) return null;
  return typeof other === 'object' && other !== null && !Array.isArray(other) ? new Map(Object.entries(value)) : null;
}

const IDS = ['id', 'ruleId', 'directiveId', 'accountId', 'code', 'pack'] as const;

function idOf(entry: unknown): string | null {
  if (typeof entry !== 'object' || entry === null) return null;
  const id = IDS.map((name) => (entry as Record<string, unknown>)[name]).find((value) => typeof value === 'string');
  return (id as string | undefined) ?? null;
}
