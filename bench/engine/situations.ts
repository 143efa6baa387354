import type { ContactEvent, ContactFacts, DirectiveFacts, Outcome } from '../../src/rules/contact/facts.ts';
import type { RuleSpec } from '../../src/rules/contact/policy.ts';

export interface Situation {
  readonly name: string;
  readonly at: number;
  readonly facts: ContactFacts;
}

const at = (wallTime: string) => Temporal.Instant.from(`${wallTime}+08:00`).epochMilliseconds;

/** Eight contacts of the last days, with the outcomes of today's, one every two hours from 08:00. */
function contacts(...today: Outcome[]): ContactEvent[] {
  const rest = { channel: 'voice', direction: 'outbound', collectorId: 'bank' } as const;
  const before = [
    'no_answer',
    'busy',
    'conversation',
    'no_answer',
    'voicemail',
    'no_answer',
    'answered',
    'no_answer',
  ] as const;
  const earlier = before
    .slice(today.length)
    .map((outcome, n) => ({ id: `p${n}`, at: at('2026-11-20T09:00:00') + n * 7_000_000, outcome, ...rest }));
  return [
    ...earlier,
    ...today.map((outcome, n) => ({ id: `t${n}`, at: at('2026-11-23T08:00:00') + n * 7_200_000, outcome, ...rest })),
  ];
}

const scope = {
  partyId: null,
  contactPointId: null,
  accountId: null,
  channel: null,
  collectorId: null,
  windows: [],
  places: [],
};
const notice: DirectiveFacts = {
  ...scope,
  directiveId: 'd1',
  kind: 'vendor_notice',
  collectorId: 'vendor-1',
  from: at('2026-06-01T00:00:00'),
  until: null,
};
const oldDispute: DirectiveFacts = {
  ...scope,
  directiveId: 'd2',
  kind: 'dispute',
  accountId: 'A1',
  from: at('2026-07-01T00:00:00'),
  until: at('2026-08-01T00:00:00'),
};

function facts(events: readonly ContactEvent[], given: Partial<ContactFacts> = {}): ContactFacts {
  return {
    request: {
      channel: 'voice',
      purpose: 'collect',
      automated: false,
      recording: true,
      callerNumber: '95588',
      collectorKind: 'third_party',
      collectorId: 'vendor-1',
      presentsAs: null,
    },
    party: { partyId: 'self', role: 'debtor' },
    contactPoint: {
      contactPointId: 'm1',
      kind: 'phone',
      status: 'active',
      place: 'home',
      ofParty: true,
      wrongSince: null,
    },
    jurisdictions: ['CN'],
    zones: ['Asia/Shanghai'],
    accounts: [{ accountId: 'A1', status: 'open', pastDueDay: 20_000 }],
    accountsNamed: true,
    directives: [notice, oldDispute],
    debtorHasValidNumber: true,
    events: { person: events, number: events, debtor: [] },
    ...given,
  };
}

const quiet = contacts('no_answer', 'conversation');

/** Calls to a debtor as a dialer meets them: most are permitted, the others refused for the usual reasons. */
export const SITUATIONS: readonly Situation[] = [
  { name: 'permitted', at: at('2026-11-23T20:00:00'), facts: facts(quiet) },
  { name: 'permitted, nothing today', at: at('2026-11-23T09:00:00'), facts: facts(contacts()) },
  { name: 'at night', at: at('2026-11-23T22:30:00'), facts: facts(quiet) },
  { name: 'before eight', at: at('2026-11-23T07:59:59'), facts: facts(contacts()) },
  {
    name: 'six unanswered',
    at: at('2026-11-23T20:00:00'),
    facts: facts(contacts('no_answer', 'busy', 'no_answer', 'voicemail', 'no_answer', 'busy')),
  },
  {
    name: 'three connected',
    at: at('2026-11-23T20:00:00'),
    facts: facts(contacts('conversation', 'answered', 'conversation')),
  },
  { name: 'ten minutes after a call', at: at('2026-11-23T10:10:00'), facts: facts(quiet) },
  {
    name: 'in dispute',
    at: at('2026-11-23T20:00:00'),
    facts: facts(quiet, { directives: [notice, { ...oldDispute, until: null }] }),
  },
];

/**
 * Whether the number that is shown is a registered one. Asked outside the peers: they would compile the patterns anew
 * for every decision.
 */
export function callerNumberFits(rules: readonly RuleSpec[]): (facts: ContactFacts) => boolean {
  const rule = rules.find(({ kind }) => kind === 'caller_number') as Extract<RuleSpec, { kind: 'caller_number' }>;
  const anyOf = (patterns: readonly string[]) => new RegExp(`^(?:${patterns.join('|')})$`);
  const [registered, privateLine] = [anyOf(rule.registered), anyOf(rule.privateLines)];
  return ({ request: { callerNumber } }) =>
    callerNumber !== null && registered.test(callerNumber) && !privateLine.test(callerNumber);
}
