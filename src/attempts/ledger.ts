import type { EventRow } from '../contact/repository.ts';
import type { Channel } from '../rules/contact/facts.ts';
import type { Counted } from './counted.ts';

/**
 * Budgets made anew from what was told of contacts: pure, so that a simulation and a replay count as the tables do.
 * People and numbers are whatever keys the caller compares them by.
 */

/** What an attempt and an open slot have in common. */
export interface Contact {
  readonly id: string;
  readonly customerId: string;
  readonly person: string;
  readonly address: string | null;
  readonly contactPointId: string | null;
  readonly startedAt: Temporal.Instant;
  readonly channel: string;
  readonly direction: string;
  readonly purpose: string;
  readonly collectorId: string;
}

/** How an attempt counts after its report, or after a correction of it. */
export interface Telling {
  /** Orders what was told of all contacts. */
  readonly order: bigint;
  readonly counted: Counted;
}

/** An attempt with all that was told of it, the report first. */
export interface ToldContact extends Contact {
  readonly told: readonly Telling[];
}

export interface CountedContact extends Contact {
  readonly counted: Counted;
  /** True when the number turned out to reach somebody else than the person. */
  readonly misdirected: boolean;
}

/** How attempts count after all that was told of them. */
export function countAll(contacts: readonly ToldContact[]): CountedContact[] {
  const { misdirected } = wrongNumbers(contacts);
  return contacts.map(({ told, ...contact }) => ({
    ...contact,
    counted: told.at(-1)!.counted,
    misdirected: misdirected.has(contact.id),
  }));
}

export interface WrongNumbers {
  /** Ids of the attempts that were with somebody else. */
  readonly misdirected: ReadonlySet<string>;
  /** Since when a contact point is known to be wrong, by `customerId/contactPointId`. */
  readonly since: ReadonlyMap<string, Temporal.Instant>;
}

/** The same as `markWrongNumber` has written, one telling after the other. */
export function wrongNumbers(contacts: readonly ToldContact[]): WrongNumbers {
  const since = new Map<string, Temporal.Instant>();
  const misdirected = new Set<string>();
  const reported = new Map<string, string[]>();
  const steps = contacts.flatMap((contact) => contact.told.map(({ order }, index) => ({ contact, index, order })));
  for (const { contact, index } of steps.sort((a, b) => (a.order < b.order ? -1 : 1))) {
    const { customerId, person, address, contactPointId, startedAt, told } = contact;
    if (contactPointId === null || address === null) continue;
    const onNumber = `${customerId} ${person} ${address}`;
    const known = reported.get(onNumber) ?? [];
    if (index === 0 && contact.direction === 'outbound') reported.set(onNumber, [...known, contact.id]);
    const was = index > 0 && isWrong(told[index - 1]!);
    const is = isWrong(told[index]!);
    if (was === is) continue;
    const point = `${customerId}/${contactPointId}`;
    if (is) {
      if (!since.has(point)) since.set(point, startedAt);
      for (const id of reported.get(onNumber) ?? []) misdirected.add(id);
    } else if (since.get(point)?.equals(startedAt)) {
      since.delete(point);
      for (const id of known) misdirected.delete(id);
    }
  }
  return { misdirected, since };
}

function isWrong({ counted }: Telling): boolean {
  return counted.outcome === 'wrong_number';
}

/** The entries in the budget of people, of all of them together. */
export function personRows(contacts: readonly CountedContact[], people: readonly string[]): EventRow[] {
  return contacts
    .filter(({ person }) => people.includes(person))
    .map((contact) =>
      rowOf(contact, contact.misdirected ? { ...contact.counted.marks, misdirected: true } : contact.counted.marks),
    );
}

/** The entries in the budget of a number; whom it reached does not matter there. */
export function numberRows(contacts: readonly CountedContact[], number: string | null): EventRow[] {
  return contacts
    .filter(({ address }) => address !== null && address === number)
    .map((contact) => rowOf(contact, contact.counted.marks));
}

function rowOf(contact: CountedContact, marks: Counted['marks']): EventRow {
  const { id, startedAt, channel, direction, collectorId, purpose, counted } = contact;
  return [
    id,
    startedAt.epochMilliseconds,
    channel as Channel,
    counted.outcome,
    direction as 'outbound' | 'inbound',
    collectorId,
    purpose,
    counted.accountIds,
    marks,
  ];
}
