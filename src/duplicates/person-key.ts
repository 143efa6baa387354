/** Which customers are one person, and under which key: pure, from what their records say and the merges that stand. */

export interface Member {
  readonly customerId: string;
  /** The key that the record itself says: of its resident id, else of the customer alone. */
  readonly own: string;
}

/** A merge that was not undone. */
export interface Link {
  readonly survivorId: string;
  readonly mergedId: string;
}

/**
 * The key of each member: customers with one own key are one person, and so are those whom a merge joins. Of several own
 * keys the person has the one on the survivor's side of the newest merge, and of that side's keys again the same. It
 * follows from the merges that stand alone, so whatever is undone, and in whatever order, leaves what the rest says.
 * `links` come oldest first; both ends of each are members.
 */
export function keysOfPersons(members: readonly Member[], links: readonly Link[]): Map<string, string> {
  const owns = new Map(members.map(({ customerId, own }) => [customerId, own]));
  const joints = links
    .map(({ survivorId, mergedId }): Joint => [owns.get(survivorId)!, owns.get(mergedId)!])
    .filter(([survivor, merged]) => survivor !== merged);
  const known = new Map<string, string>();
  return new Map(
    members.map(({ customerId, own }) => {
      if (!known.has(own)) known.set(own, keyOf(own, joints));
      return [customerId, known.get(own)!];
    }),
  );
}

/** Survivor's side and merged side. */
type Joint = readonly [string, string];

function keyOf(own: string, joints: readonly Joint[]): string {
  const person = joinedTo(own, besideOf(joints));
  const inside = joints.filter(([survivor]) => person.has(survivor));
  const newest = inside.at(-1);
  return newest === undefined ? own : keyOf(newest[0], inside.slice(0, -1));
}

function besideOf(joints: readonly Joint[]): ReadonlyMap<string, readonly Joint[]> {
  const bothWays = joints.flatMap(([a, b]): Joint[] => [
    [a, b],
    [b, a],
  ]);
  return Map.groupBy(bothWays, ([from]) => from);
}

function joinedTo(start: string, beside: ReadonlyMap<string, readonly Joint[]>): ReadonlySet<string> {
  const found = new Set([start]);
  // A set that grows while it is walked through is walked through to its end.
  for (const at of found) for (const [, to] of beside.get(at) ?? []) found.add(to);
  return found;
}

/** The links to add, so that whoever shares an own key is on record as one person, the oldest as the survivor. */
export function missingLinks(oldestFirst: readonly Member[], links: readonly Link[]): Link[] {
  const owns = new Map(oldestFirst.map(({ customerId, own }) => [customerId, own]));
  const within = Map.groupBy(
    links.filter(({ survivorId, mergedId }) => owns.get(survivorId) === owns.get(mergedId)),
    ({ survivorId }) => owns.get(survivorId)!,
  );
  return [...Map.groupBy(oldestFirst, ({ own }) => own)].flatMap(([own, [first, ...others]]) => {
    const joints = (within.get(own) ?? []).map(({ survivorId, mergedId }): Joint => [survivorId, mergedId]);
    const beside = besideOf(joints);
    const joined = new Set(joinedTo(first!.customerId, beside));
    return others.flatMap(({ customerId }) => {
      if (joined.has(customerId)) return [];
      for (const one of joinedTo(customerId, beside)) joined.add(one);
      return [{ survivorId: first!.customerId, mergedId: customerId }];
    });
  });
}
