import { notFound, unprocessable } from '../errors.ts';
import {
  type ContactEvent,
  type ContactFacts,
  type DirectiveFacts,
  KIND_OF_CHANNEL,
  type Outcome,
} from '../rules/contact/facts.ts';
import { type WeeklyWindow, weeklyWindow } from '../rules/time/windows.ts';
import { dayOfDate } from '../rules/time/zone.ts';
import type { DirectiveRow, EventRow, FactsRow } from './repository.ts';
import type { PermissionRequest } from './schemas.ts';

/** Zone of windows that a person has named, where no zone of that person is known. */
const DEFAULT_ZONE = 'Asia/Shanghai';

export interface Collector {
  readonly kind: 'creditor' | 'third_party';
  readonly id: string;
}

/**
 * Rows to the facts that rules read. Throws NOT_FOUND for ids the customer does not have. With `at` in the request
 * only contacts up to it count; without, also those a fast clock dates after now.
 */
export function factsOf(request: PermissionRequest, collector: Collector, row: FactsRow, atMs: number): ContactFacts {
  if (row.debtor_key === null) throw notFound('/customerId', 'customer');
  if (row.party_id === null) throw notFound('/partyId', 'party');
  if (request.contactPointId !== undefined && row.contact_point_id === null)
    throw notFound('/contactPointId', 'contact point');
  const accounts = (row.accounts ?? []).map(([accountId, status, pastDueSince]) => ({
    accountId,
    status,
    pastDueDay: pastDueSince === null ? null : dayOfDate(pastDueSince),
  }));
  const named = request.accountIds;
  named?.forEach((accountId, index) => {
    if (!accounts.some((account) => account.accountId === accountId))
      throw notFound(`/accountIds/${index}`, 'account of this customer');
    if (named.indexOf(accountId) !== index)
      throw unprocessable(`/accountIds/${index}`, 'DUPLICATE', 'This account is named twice.');
  });
  const zones = row.contact_point_zones?.length ? row.contact_point_zones : row.time_zones;
  const until = request.at === undefined ? Number.POSITIVE_INFINITY : atMs;
  return {
    request: {
      channel: request.channel,
      purpose: request.purpose,
      automated: request.automated,
      recording: request.recording ?? request.channel === 'voice',
      callerNumber: request.callerNumber?.replace(/[ ()-]/g, '') ?? null,
      collectorKind: collector.kind,
      collectorId: collector.id,
      presentsAs: request.presentsAs ?? null,
    },
    party: { partyId: row.party_id, role: row.role },
    contactPoint: contactPointOf(request, row),
    jurisdictions: row.jurisdictions,
    zones,
    accounts: named ? accounts.filter((account) => named.includes(account.accountId)) : accounts,
    accountsNamed: named !== undefined,
    directives: (row.directives ?? []).map((directive) => directiveOf(directive, row.time_zones[0] ?? DEFAULT_ZONE)),
    debtorHasValidNumber: row.debtor_has_valid_number,
    events: {
      person: eventsOf(row.person_events, until),
      number: eventsOf(row.number_events, until),
      debtor: eventsOf(row.debtor_events, until),
    },
  };
}

function contactPointOf(request: PermissionRequest, row: FactsRow): ContactFacts['contactPoint'] {
  if (row.contact_point_id !== null) {
    return {
      contactPointId: row.contact_point_id,
      kind: row.kind,
      status: row.status,
      place: row.place,
      ofParty: row.contact_point_party_id === row.party_id,
      wrongSince: row.wrong_since_ms,
    };
  }
  if (request.address === undefined) return null;
  return {
    contactPointId: null,
    kind: KIND_OF_CHANNEL[request.channel] ?? 'phone',
    status: 'active',
    place: null,
    ofParty: false,
    wrongSince: null,
  };
}

function eventsOf(rows: readonly EventRow[] | null, untilMs: number): ContactEvent[] {
  const events: ContactEvent[] = [];
  for (const [id, at, channel, outcome, direction, collectorId] of rows ?? []) {
    if (at <= untilMs)
      events.push({ id, at: Math.floor(at), channel, outcome: outcome as Outcome, direction, collectorId });
  }
  return events;
}

function directiveOf(row: DirectiveRow, zone: string): DirectiveFacts {
  const [directiveId, kind, partyId, contactPointId, accountId, channel, fromMs, untilMs, details] = row;
  const from = Math.floor(fromMs);
  const until = untilMs === null ? null : Math.floor(untilMs);
  const windows = (details.windows ?? []) as Parameters<typeof weeklyWindow>[0][];
  return {
    directiveId,
    kind,
    partyId,
    contactPointId,
    accountId,
    channel,
    from,
    until,
    collectorId: (details.collectorId as string | undefined) ?? null,
    places: (details.places as ('home' | 'work')[] | undefined) ?? [],
    windows: windows.map((window): DirectiveFacts['windows'][number] => {
      const weekly: WeeklyWindow = weeklyWindow(window);
      return { ...weekly, zone, validFrom: from, validUntil: until };
    }),
  };
}
