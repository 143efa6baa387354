import { type CountedContact, countAll, type Telling, type ToldContact } from '../attempts/ledger.ts';
import type { Profile, ProfileAccount, ProfileDirective, ProfilePoint } from '../contact/profile.ts';
import type { PermissionRequest } from '../contact/schemas.ts';
import { type DecisionRow, type Place, type TracedAttempt, type TracedSlot, wasKnownTo } from './history.ts';
import type { Keys } from './keys.ts';

/** What was known to a decision, and what is known now of the same time: pure, from all that was ever told. */

export interface Contacts {
  readonly attempts: readonly TracedAttempt[];
  readonly slots: readonly TracedSlot[];
}

/** The contacts that the decision could count, under the keys of then. */
export function contactsThen(row: DecisionRow, { attempts, slots }: Contacts, keys: Keys): CountedContact[] {
  const known = (place: Place) => wasKnownTo(row, place);
  const told = attempts.flatMap((attempt) => toldUpTo(attempt, known) ?? []);
  const open = slots.filter(
    ({ place, decisionId, released, reported }) =>
      decisionId !== row.decision_id &&
      known(place) &&
      !(released && known(released)) &&
      !(reported && known(reported.place)),
  );
  return [...countAll(told), ...open.map(({ contact }) => contact)].map((contact) => ({
    ...contact,
    person: keys.former(contact.customerId, contact.person),
  }));
}

/** Null when nothing was told by then. */
function toldUpTo({ contact, told }: TracedAttempt, known: (place: Place) => boolean): ToldContact | null {
  const heard = told.filter(({ place }) => known(place));
  return heard.length === 0
    ? null
    : { ...contact, told: heard.map(({ place, counted }) => ({ order: orderOf(place), counted })) };
}

/** What an earlier release recorded comes first, in the order of its instants. */
const EARLIER = 2n ** 70n;

function orderOf({ position, recordedAt }: Place): Telling['order'] {
  return position ?? recordedAt.epochNanoseconds - EARLIER;
}

/** The instant of a decision, and whether a contact of that very instant comes before it. */
export interface Moment {
  readonly at: Temporal.Instant;
  readonly inclusive: boolean;
}

/**
 * The contacts of which is known now that they had happened, as they are known now. What the decision itself led to came
 * after it. A slot that was held then and led to a call later was held; one that was given back was not needed.
 */
export function contactsNow(row: DecisionRow, { attempts, slots }: Contacts, moment: Moment): CountedContact[] {
  const isOwn = ({ reservationId, clientId, contact }: TracedAttempt) =>
    (reservationId !== null && reservationId === row.reservation_id) ||
    (clientId === row.client_id && contact.id === row.request_id);
  const had = attempts.filter(
    (attempt) =>
      !isOwn(attempt) && (wasKnownTo(row, attempt.told[0]!.place) || isUpTo(moment, attempt.contact.startedAt)),
  );
  const ids = new Set(had.map(({ contact }) => contact.id));
  const all = countAll(attempts.flatMap((attempt) => toldUpTo(attempt, () => true) ?? []));
  const held = slots.filter(
    ({ place, decisionId, released, reported }) =>
      decisionId !== row.decision_id &&
      wasKnownTo(row, place) &&
      released === null &&
      !(reported && (wasKnownTo(row, reported.place) || isUpTo(moment, reported.startedAt))),
  );
  return [...all.filter(({ id }) => ids.has(id)), ...held.map(({ contact }) => contact)];
}

function isUpTo({ at, inclusive }: Moment, instant: Temporal.Instant): boolean {
  const order = Temporal.Instant.compare(instant, at);
  return order < 0 || (inclusive && order === 0);
}

/** What is recorded now, whether it was then or not. */
export interface RecordedNow {
  readonly directives: readonly (ProfileDirective & {
    readonly validUntil: number | null;
    readonly endedAt: number | null;
  })[];
  /** The state of each account at the moment. */
  readonly accounts: readonly ProfileAccount[];
}

/**
 * The profile as it is known now to have been: directives and their ends that held by the moment, accounts in the state
 * they had, numbers that had turned out wrong. Zones, people and contact points have no time of their own: as they were
 * on file.
 */
export function profileNow(
  row: DecisionRow,
  then: Profile,
  now: RecordedNow,
  attempts: readonly TracedAttempt[],
  moment: Moment,
): Profile {
  const atMs = moment.at.epochMilliseconds;
  return {
    ...then,
    points: pointsNow(row, then.points, attempts, moment),
    accounts: accountsNow(row, then.accounts, now.accounts),
    directives: now.directives.flatMap(({ validUntil, endedAt, until: _, ...directive }) => {
      const known = then.directives.find(({ id }) => id === directive.id);
      if (known === undefined && directive.from > atMs) return [];
      const ends = [validUntil, endedAt !== null && endedAt <= atMs ? endedAt : null, known?.until ?? null].filter(
        (end) => end !== null,
      );
      return [{ ...directive, ...(ends.length === 0 ? {} : { until: Math.min(...ends) }) }];
    }),
  };
}

/** What was asked about stays, also when it has turned out to be somebody else's. */
function accountsNow(
  { request }: DecisionRow,
  then: readonly ProfileAccount[],
  now: readonly ProfileAccount[],
): ProfileAccount[] {
  const { accountIds = [] } = request as unknown as PermissionRequest;
  const kept = then.filter(({ id }) => accountIds.includes(id) && !now.some((account) => account.id === id));
  const states = now.map((account) => {
    const plan = then.find(({ id }) => id === account.id)?.plan;
    return plan === undefined ? account : { ...account, plan };
  });
  return [...kept, ...states].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What was told of wrong numbers after the decision, about calls up to the moment. */
function pointsNow(
  row: DecisionRow,
  points: readonly ProfilePoint[],
  attempts: readonly TracedAttempt[],
  moment: Moment,
): ProfilePoint[] {
  const since = new Map(points.map(({ id, wrongSince }) => [id, wrongSince]));
  const later = attempts.flatMap(({ contact, told }) =>
    told.map(({ place, counted }, index) => ({
      contact,
      place,
      is: counted.outcome === 'wrong_number',
      was: told[index - 1]?.counted.outcome === 'wrong_number',
    })),
  );
  for (const { contact, place, is, was } of later.sort((a, b) => (orderOf(a.place) < orderOf(b.place) ? -1 : 1))) {
    const { customerId, contactPointId: id, startedAt } = contact;
    if (is === was || id === null || customerId !== row.customer_id || wasKnownTo(row, place)) continue;
    if (!isUpTo(moment, startedAt)) continue;
    if (is) since.set(id, since.get(id) ?? startedAt.epochMilliseconds);
    else if (since.get(id) === startedAt.epochMilliseconds) since.delete(id);
  }
  return points.map(({ wrongSince: _, ...point }) => {
    const wrongSince = since.get(point.id);
    return wrongSince === undefined ? point : { ...point, wrongSince };
  });
}
