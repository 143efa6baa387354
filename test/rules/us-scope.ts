import { evaluate } from '../../src/rules/contact/evaluate.ts';
import {
  CHANNELS,
  type Channel,
  type ContactEvent,
  PURPOSES,
  type Purpose,
  ROLES,
  type Role,
} from '../../src/rules/contact/facts.ts';
import { contact, directive } from './builders.ts';
import { customerOf, type Given, shipped } from './shipped.ts';

/** Tools for tables of whom a rule binds and what it counts; the person is in Hawaii, so no day is the pack's own. */

const ZONE = 'Pacific/Honolulu';
const customers = new Map<string, ReturnType<typeof customerOf> & { pack: ReturnType<typeof shipped>['compiled'] }>();

function customerBy(id: string) {
  let known = customers.get(id);
  if (known === undefined) {
    const pack = shipped(id).compiled;
    known = { ...customerOf(ZONE, pack), pack };
    customers.set(id, known);
  }
  return known;
}

export interface Asked {
  readonly channel: Channel;
  readonly purpose: Purpose;
  readonly role: Role;
}
export const COLLECT: Asked = { channel: 'voice', purpose: 'collect', role: 'debtor' };
export const SPOUSE: Asked = { ...COLLECT, role: 'spouse' };
export const LOCATE: Asked = { ...COLLECT, purpose: 'locate', role: 'contact' };
export const VISIT: Asked = { ...COLLECT, channel: 'visit' };

const AGENCY = { collectorKind: 'third_party', collectorId: 'agency-1' } as const;
export const BANK: Given = { request: { collectorKind: 'creditor' } };
export const HOME: Given = { contactPoint: { place: 'home' } };
export const WORK: Given = { contactPoint: { place: 'work' } };
export const WRONG: Given = { contactPoint: { wrongSince: 0 } };
export const PROCEDURES: Given = {
  accounts: [{ accountId: 'A1', status: 'open', pastDueDay: 20_000, inCollectionProcedures: true }],
};
export const at = (wallTime: string) => Temporal.PlainDateTime.from(wallTime).toZonedDateTime(ZONE).epochMilliseconds;
export const NOON = at('2026-11-26T12:00:00');
export const NIGHT = at('2026-11-26T23:00:00');

export const ALL = CHANNELS.join(' ');
export const ANY = PURPOSES.join(' ');
export const EVERYBODY = ROLES.join(' ');

/** So many contacts of this morning, conversations of the agency on the telephone unless told otherwise. */
export function full(count: number, given: Partial<ContactEvent> = {}): ContactEvent[] {
  const first = at('2026-11-26T08:00:00');
  return Array.from({ length: count }, (_, index) =>
    contact(first + index * 60_000, 'conversation', { collectorId: 'agency-1', ...given }),
  );
}

export function met(list: readonly ContactEvent[]): Given {
  return { events: { person: list, number: list, household: list } };
}

export function told(...args: Parameters<typeof directive>): Given {
  return { directives: [directive(...args)] };
}

/** Every person of the customer has an attorney. */
export const REPRESENTED: Given = {
  directives: ROLES.map((role) => directive('represented', { partyId: role === 'debtor' ? 'self' : role })),
};

/** What the rule says against the contact; undefined when it does not refuse and does not warn. */
export function findingOf(id: string, rule: string, asked: Asked, given: Given, time = NOON) {
  const { on, pack } = customerBy(id);
  const { request, ...rest } = given;
  const known = on(asked.channel, {
    ...rest,
    request: { ...AGENCY, purpose: asked.purpose, ...(request as object) },
    party: { partyId: asked.role === 'debtor' ? 'self' : asked.role, role: asked.role },
  });
  const { reasons, warnings } = evaluate([pack], known, time);
  return [...reasons, ...warnings].find((finding) => finding.rule.spec.id === rule);
}

/** The channels, the purposes and the roles for which the rule refuses, each varied alone. */
export function boundBy(id: string, rule: string, asked: Asked, given: Given, time = NOON) {
  const refuses = (part: Partial<Asked>) => findingOf(id, rule, { ...asked, ...part }, given, time) !== undefined;
  return [
    CHANNELS.filter((channel) => refuses({ channel })).join(' '),
    PURPOSES.filter((purpose) => refuses({ purpose })).join(' '),
    ROLES.filter((role) => refuses({ role })).join(' '),
  ];
}
