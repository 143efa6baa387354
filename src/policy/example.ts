import {
  type ContactEvent,
  type ContactFacts,
  type ContactPointFacts,
  KIND_OF_CHANNEL,
} from '../rules/contact/facts.ts';
import { weeklyWindow } from '../rules/time/windows.ts';
import { dayOfDate } from '../rules/time/zone.ts';
import type { PackExample } from './schema.ts';

type Given = PackExample['given'];

function msOf(instant: string): number {
  return Temporal.Instant.from(instant).epochMilliseconds;
}

/** The facts that an example describes; `zone` is the person's where it names none. */
export function factsOfExample({ given }: PackExample, zone: string): ContactFacts {
  const { channel, purpose, automated, recording, callerNumber, presentsAs, region } = given;
  const person = eventsOf(given.events, given);
  const number = given.numberEvents === undefined ? person : eventsOf(given.numberEvents, given);
  const replied = person.find(({ id }) => id === given.inReplyTo);
  const accounts = accountsOf(given);
  return {
    request: {
      channel,
      purpose,
      automated,
      recording,
      callerNumber,
      presentsAs,
      collectorKind: given.collector.kind,
      collectorId: given.collector.id,
      ...(given.collector.carrier === undefined ? {} : { carrier: given.collector.carrier }),
      ...(given.ringless ? { ringless: true } : {}),
      ...(given.inReplyTo === undefined
        ? {}
        : {
            reply: {
              attemptId: given.inReplyTo,
              known: replied?.channel === channel && replied.direction === 'inbound',
              answered: person.some(({ inReplyTo }) => inReplyTo === given.inReplyTo),
            },
          }),
    },
    party: { partyId: given.role === 'debtor' ? 'self' : 'other', role: given.role },
    contactPoint: contactPointOf(given),
    jurisdictions: [],
    zones: given.zones ?? [zone],
    accounts: given.asks === undefined ? accounts : accounts.filter(({ accountId }) => given.asks!.includes(accountId)),
    accountsNamed: true,
    directives: directivesOf(given, zone),
    debtorHasValidNumber: true,
    events: {
      person,
      number,
      debtor: eventsOf(given.debtorEvents, given),
      ...(given.householdEvents === undefined ? {} : { household: eventsOf(given.householdEvents, given) }),
    },
    ...(region === undefined ? {} : { region }),
  };
}

function eventsOf(list: Given['events'], { collector }: Given): ContactEvent[] {
  return list
    .map((event, index): ContactEvent => {
      const known = Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
      return {
        collectorId: collector.id,
        id: `e${index + 1}`,
        ...(known as typeof event),
        at: msOf(event.at),
      } as ContactEvent;
    })
    .sort((a, b) => a.at - b.at);
}

function accountsOf({ accounts, accountStatus, pastDueSince }: Given): ContactFacts['accounts'] {
  const given = accounts ?? [
    {
      accountId: 'A1',
      status: accountStatus ?? 'open',
      pastDueSince: pastDueSince === undefined ? '2026-01-20' : pastDueSince,
    },
  ];
  return given.map((account) => {
    const { accountId, status, pastDueSince: since } = account;
    const { debtGroupId, inCollectionProcedures, plan }: NonNullable<Given['accounts']>[number] = account;
    const group =
      debtGroupId === undefined
        ? []
        : given.filter((other) => 'debtGroupId' in other && other.debtGroupId === debtGroupId);
    return {
      accountId,
      status,
      pastDueDay: since === null ? null : dayOfDate(since),
      ...(inCollectionProcedures === undefined ? {} : { inCollectionProcedures }),
      ...(group.length > 1 ? { groupAccountIds: group.map((other) => other.accountId) } : {}),
      ...(plan === undefined ? {} : { plan }),
    };
  });
}

function contactPointOf({ contactPoint, channel }: Given): ContactPointFacts {
  const { kind, line, place, status, verifiedOn, provenance, onlyNumber } = contactPoint;
  return {
    contactPointId: 'm1',
    kind: kind ?? KIND_OF_CHANNEL[channel] ?? 'phone',
    status,
    place: place ?? (line === 'work' ? 'work' : null),
    ofParty: true,
    wrongSince: null,
    ...(verifiedOn === undefined ? {} : { verifiedDay: dayOfDate(verifiedOn) }),
    ...(provenance === undefined
      ? {}
      : {
          provenance: {
            source: provenance.source,
            ...(provenance.noticeSentOn === undefined ? {} : { noticeSentDay: dayOfDate(provenance.noticeSentOn) }),
            ...(provenance.optOutBy === undefined ? {} : { optOutByDay: dayOfDate(provenance.optOutBy) }),
          },
        }),
    ...(onlyNumber ? { onlyNumber } : {}),
  };
}

function directivesOf({ directives, zones }: Given, zone: string): ContactFacts['directives'] {
  return directives.map(({ moratoriumType, ...directive }, index) => {
    const from = msOf(directive.from);
    const until = directive.until === null ? null : msOf(directive.until);
    return {
      ...directive,
      directiveId: `d${index + 1}`,
      from,
      until,
      windows: directive.windows.map((window) => ({
        ...weeklyWindow(window),
        zone: zones?.[0] ?? zone,
        validFrom: from,
        validUntil: until,
      })),
      ...(moratoriumType === undefined ? {} : { moratoriumType }),
    };
  });
}
