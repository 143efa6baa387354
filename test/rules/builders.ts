import { type CompiledPack, compilePack } from '../../src/rules/contact/compile.ts';
import type { Verdict } from '../../src/rules/contact/evaluate.ts';
import type {
  ContactEvent,
  ContactFacts,
  DirectiveFacts,
  DirectiveKind,
  Outcome,
} from '../../src/rules/contact/facts.ts';
import type { RuleBody, RuleSpec } from '../../src/rules/contact/policy.ts';
import { type WeeklyWindow, weeklyWindow } from '../../src/rules/time/windows.ts';

/** Epoch milliseconds of an RFC 3339 instant. */
export function ms(instant: string): number {
  return Temporal.Instant.from(instant).epochMilliseconds;
}

/** Epoch milliseconds of a wall time in China, `2026-11-23T10:00:00`. */
export function cn(wallTime: string): number {
  return ms(`${wallTime}+08:00`);
}

type Part<T> = { readonly [K in keyof T]?: T[K] extends readonly unknown[] | null ? T[K] : Part<T[K]> | T[K] };

/** An ordinary recorded call of the bank to the debtor's own mobile, with the parts that are given. */
export function facts(given: Part<ContactFacts> = {}): ContactFacts {
  const { request, party, contactPoint, events, ...rest } = given;
  return {
    jurisdictions: ['CN'],
    zones: ['Asia/Shanghai'],
    accounts: [{ accountId: 'A1', status: 'open', pastDueDay: 20_000 }],
    accountsNamed: true,
    directives: [],
    debtorHasValidNumber: true,
    ...(rest as Partial<ContactFacts>),
    request: {
      channel: 'voice',
      purpose: 'collect',
      automated: false,
      recording: true,
      callerNumber: '95588',
      collectorKind: 'creditor',
      collectorId: 'bank',
      presentsAs: null,
      ...(request as Partial<ContactFacts['request']>),
    },
    party: { partyId: 'self', role: 'debtor', ...party },
    contactPoint:
      contactPoint === null
        ? null
        : {
            contactPointId: 'm1',
            kind: 'phone',
            status: 'active',
            place: null,
            ofParty: true,
            wrongSince: null,
            ...(contactPoint as Partial<NonNullable<ContactFacts['contactPoint']>>),
          },
    events: { person: [], number: [], debtor: [], ...(events as Partial<ContactFacts['events']>) },
  };
}

let ids = 0;

/** One contact, an unanswered call of the bank unless told otherwise. */
export function contact(at: number, outcome: Outcome = 'no_answer', given: Partial<ContactEvent> = {}): ContactEvent {
  ids += 1;
  return { id: `e${ids}`, at, channel: 'voice', outcome, direction: 'outbound', collectorId: 'bank', ...given };
}

/** The same contacts counted for the person and for the number, as when one number is used throughout. */
export function events(list: readonly ContactEvent[]): Part<ContactFacts['events']> {
  return { person: list, number: list };
}

/** A directive about everything and everybody, in force since 2020 without an end. */
export function directive(kind: DirectiveKind, given: Partial<DirectiveFacts> = {}): DirectiveFacts {
  ids += 1;
  return {
    directiveId: `d${ids}`,
    kind,
    partyId: null,
    contactPointId: null,
    accountId: null,
    channel: null,
    from: ms('2020-01-01T00:00:00Z'),
    until: null,
    collectorId: null,
    windows: [],
    places: [],
    ...given,
  };
}

/** A directive that speaks about times of the week, in the zone of China. */
export function timed(
  kind: 'hours_consent' | 'time_restriction',
  windows: readonly Parameters<typeof weeklyWindow>[0][],
  given: Partial<DirectiveFacts> = {},
): DirectiveFacts {
  const made = directive(kind, given);
  const bounds = { zone: 'Asia/Shanghai', validFrom: made.from, validUntil: made.until };
  return { ...made, windows: windows.map((window) => ({ ...(weeklyWindow(window) as WeeklyWindow), ...bounds })) };
}

export function ruleOf(body: RuleBody, given: Partial<Omit<RuleSpec, 'kind'>> = {}): RuleSpec {
  const text = { zh: 'x', en: 'x' };
  const common = { id: `rule.${body.kind}`, code: 'HOLIDAY', strength: 'bank', effect: 'refuse', when: {} } as const;
  return { ...common, citation: text, text, ...given, ...body };
}

export function packOf(rules: readonly RuleSpec[], name = 'test', zone = 'Asia/Shanghai'): CompiledPack {
  return compilePack({
    pack: name,
    version: '2026-01-01',
    jurisdictions: ['CN'],
    coverage: {},
    zone,
    effectiveFrom: 0,
    effectiveUntil: null,
    checkValiditySeconds: 60,
    reservationSeconds: 180,
    rules,
    obligations: [],
  });
}

/** The ids of the rules that refuse, in their order. */
export function refusals(verdict: Verdict): string[] {
  return verdict.reasons.map(({ rule }) => rule.spec.id);
}
