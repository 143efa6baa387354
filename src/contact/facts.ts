import { notFound, unprocessable } from '../errors.ts';
import {
  type AccountFacts,
  type ContactEvent,
  type ContactFacts,
  type ContactPointFacts,
  type DirectiveFacts,
  KIND_OF_CHANNEL,
  type MoratoriumType,
  type Outcome,
  type PartyFacts,
  type Purpose,
  type RequestFacts,
} from '../rules/contact/facts.ts';
import { weeklyWindow } from '../rules/time/windows.ts';
import { DAY, dayOfDate } from '../rules/time/zone.ts';
import type { Profile, ProfileAccount, ProfileDirective, ProfilePoint } from './profile.ts';
import type { EventRow } from './repository.ts';
import type { PermissionRequest } from './schemas.ts';

/** Zone of windows that a person has named, where no zone of that person is known. */
const DEFAULT_ZONE = 'Asia/Shanghai';

/** How long a consent to be called is remembered after its end, because calls made under it are still counted apart. */
const CONSENT_MEMORY_MS = 60 * DAY;

export interface Collector {
  readonly kind: 'creditor' | 'third_party';
  readonly id: string;
  readonly carrier?: string | undefined;
}

/** What was found for a question: the profile, the contact point that the address is, and the contacts that may count. */
export interface Found {
  readonly profile: Profile | null;
  readonly contactPointId: string | null;
  readonly person: readonly ContactEvent[];
  readonly number: readonly ContactEvent[];
  readonly debtor: readonly ContactEvent[];
  /** Null when nobody else belongs to the household. */
  readonly household: readonly ContactEvent[] | null;
}

/**
 * What is on file to the facts that rules read at `atMs`. Throws NOT_FOUND for ids the customer does not have. With `at`
 * in the request only contacts up to it count; without, also those a fast clock dates after now.
 */
export function factsOf(request: PermissionRequest, collector: Collector, found: Found, atMs: number): ContactFacts {
  const { profile } = found;
  if (profile === null) throw notFound('/customerId', 'customer');
  const party = partyOf(request, profile);
  const point = profile.points.find(({ id }) => id === found.contactPointId);
  if (request.contactPointId !== undefined && point === undefined) throw notFound('/contactPointId', 'contact point');
  const until = request.at === undefined ? Number.POSITIVE_INFINITY : atMs;
  const known = (events: readonly ContactEvent[]) => events.filter(({ at }) => at <= until);
  const person = known(found.person);
  const zone = profile.timeZones[0] ?? DEFAULT_ZONE;
  return {
    request: requestOf(request, collector, person),
    party,
    contactPoint: contactPointOf(request, point, party, profile),
    jurisdictions: profile.jurisdictions,
    zones: [...new Set([...(point?.zones ?? []), ...profile.timeZones])],
    accounts: accountsOf(request, profile.accounts),
    accountsNamed: request.accountIds !== undefined,
    directives: profile.directives
      .filter(
        ({ kind, until: end }) => end === undefined || end + (kind === 'call_consent' ? CONSENT_MEMORY_MS : 0) > atMs,
      )
      .map((directive) => directiveOf(directive, zone)),
    debtorHasValidNumber: party.role === 'debtor' || hasValidNumber(profile),
    events: {
      person,
      number: known(found.number),
      debtor: party.role === 'debtor' ? [] : known(found.debtor),
      ...(found.household === null ? {} : { household: known(found.household) }),
    },
    ...(profile.region === undefined ? {} : { region: profile.region }),
  };
}

function partyOf({ partyId }: PermissionRequest, { parties }: Profile): PartyFacts {
  const found = parties.find(({ id, role }) => (partyId === undefined ? role === 'debtor' : id === partyId));
  if (found === undefined) throw notFound('/partyId', 'party');
  return { partyId: found.id, role: found.role };
}

function requestOf(request: PermissionRequest, collector: Collector, person: readonly ContactEvent[]): RequestFacts {
  const { channel, purpose, automated, inReplyTo } = request;
  const answered = person.find(({ id }) => id === inReplyTo);
  return {
    channel,
    purpose,
    automated,
    recording: request.recording ?? channel === 'voice',
    callerNumber: request.callerNumber?.replace(/[ ()-]/g, '') ?? null,
    collectorKind: collector.kind,
    collectorId: collector.id,
    presentsAs: request.presentsAs ?? null,
    ...(request.ringless ? { ringless: true } : {}),
    ...(collector.carrier === undefined ? {} : { carrier: collector.carrier }),
    ...(inReplyTo === undefined
      ? {}
      : {
          reply: {
            attemptId: inReplyTo,
            known: answered?.direction === 'inbound' && answered.channel === channel,
            answered: person.some((event) => event.inReplyTo === inReplyTo),
          },
        }),
  };
}

function contactPointOf(
  { address, channel }: PermissionRequest,
  point: ProfilePoint | undefined,
  party: PartyFacts,
  profile: Profile,
): ContactFacts['contactPoint'] {
  if (point !== undefined) {
    const { verifiedOn, provenance } = point;
    const isOnly =
      point.kind === 'phone' &&
      !profile.points.some(
        (other) => other !== point && other.party === point.party && other.kind === 'phone' && isUsable(other),
      );
    return {
      contactPointId: point.id,
      kind: point.kind,
      status: point.status,
      place: point.place ?? (point.line === 'work' ? 'work' : null),
      ofParty: point.party === party.partyId,
      wrongSince: point.wrongSince ?? null,
      ...(verifiedOn === undefined ? {} : { verifiedDay: dayOfDate(verifiedOn) }),
      ...(provenance === undefined ? {} : { provenance: provenanceOf(provenance) }),
      ...(isOnly ? { onlyNumber: true } : {}),
    };
  }
  if (address === undefined) return null;
  return {
    contactPointId: null,
    kind: KIND_OF_CHANNEL[channel] ?? 'phone',
    status: 'active',
    place: null,
    ofParty: false,
    wrongSince: null,
  };
}

function provenanceOf({
  source,
  noticeSentOn,
  optOutBy,
}: NonNullable<ProfilePoint['provenance']>): NonNullable<ContactPointFacts['provenance']> {
  return {
    source,
    ...(noticeSentOn === undefined ? {} : { noticeSentDay: dayOfDate(noticeSentOn) }),
    ...(optOutBy === undefined ? {} : { optOutByDay: dayOfDate(optOutBy) }),
  };
}

function isUsable({ status, wrongSince }: ProfilePoint): boolean {
  return status === 'active' && wrongSince === undefined;
}

function hasValidNumber({ parties, points }: Profile): boolean {
  const debtor = parties.find(({ role }) => role === 'debtor')?.id;
  return points.some((point) => point.party === debtor && point.kind === 'phone' && isUsable(point));
}

function accountsOf({ accountIds: named }: PermissionRequest, accounts: readonly ProfileAccount[]): AccountFacts[] {
  named?.forEach((accountId, index) => {
    if (!accounts.some(({ id }) => id === accountId))
      throw notFound(`/accountIds/${index}`, 'account of this customer');
    if (named.indexOf(accountId) !== index)
      throw unprocessable(`/accountIds/${index}`, 'DUPLICATE', 'This account is named twice.');
  });
  const asked = named === undefined ? accounts : accounts.filter(({ id }) => named.includes(id));
  return asked.map(({ id, status, pastDueSince, group, procedures, plan }) => {
    const inGroup = group === undefined ? [] : accounts.filter((other) => other.group === group);
    return {
      accountId: id,
      status,
      pastDueDay: pastDueSince === undefined ? null : dayOfDate(pastDueSince),
      ...(procedures === true ? { inCollectionProcedures: true } : {}),
      ...(inGroup.length > 1 ? { groupAccountIds: inGroup.map((other) => other.id) } : {}),
      ...(plan === undefined ? {} : { plan }),
    };
  });
}

/** One counted contact of a budget: see `EventRow`. */
export function eventOf(row: EventRow): ContactEvent {
  const [id, at, channel, outcome, direction, collectorId, purpose, accountIds, marks] = row;
  return {
    id,
    at: Math.floor(at),
    channel,
    outcome: outcome as Outcome,
    direction,
    collectorId,
    purpose: purpose as Purpose,
    ...(accountIds.length > 0 ? { accountIds } : {}),
    ...marks,
  };
}

function directiveOf(directive: ProfileDirective, zone: string): DirectiveFacts {
  const { id, kind, party, point, account, channel, from, details } = directive;
  const until = directive.until ?? null;
  const windows = (details.windows ?? []) as Parameters<typeof weeklyWindow>[0][];
  const type = details.type as MoratoriumType | undefined;
  return {
    directiveId: id,
    kind,
    partyId: party ?? null,
    contactPointId: point ?? null,
    accountId: account ?? null,
    channel: channel ?? null,
    from,
    until,
    collectorId: (details.collectorId as string | undefined) ?? null,
    places: (details.places as ('home' | 'work')[] | undefined) ?? [],
    windows: windows.map((window) => ({ ...weeklyWindow(window), zone, validFrom: from, validUntil: until })),
    ...(kind === 'moratorium' && type !== undefined ? { moratoriumType: type } : {}),
  };
}
