import { evaluate, type Timeline, type Verdict } from './evaluate.ts';
import type { ContactFacts, DirectiveFacts, DirectiveKind } from './facts.ts';

/** What a single change can be: of the request, of what the person or the bank has said, of what is known. */
export const CHANGES = [
  'WAIT',
  'OTHER_CONTACT_POINT',
  'OTHER_CHANNEL',
  'OTHER_PURPOSE',
  'RECORD_CALL',
  'REGISTERED_CALLER_NUMBER',
  'OBTAIN_DIRECTIVE',
  'CONFIRM_ZONE',
  'END_DIRECTIVE',
] as const;
export type ChangeCode = (typeof CHANGES)[number];

/** One change; beside its code only the members that say what it is. */
export interface Change {
  readonly code: ChangeCode;
  readonly contactPointId?: string;
  readonly channel?: string;
  readonly purpose?: string;
  readonly directiveKind?: DirectiveKind;
  readonly directiveId?: string;
  readonly timeZone?: string;
}

/** The facts as they would be after a change. */
export interface Alternative {
  readonly change: Change;
  readonly facts: ContactFacts;
}

export interface Counterfactual {
  readonly change: Change;
  /** When the contact is permitted then: at once, or, where all one can do is wait, later. */
  readonly nextPermittedAt: number;
}

/**
 * The single changes that turn a refusal at `at` into a permission, in the order of CHANGES; none for a permission.
 * `asked` are the same question about another contact point, channel or purpose, with the contacts that count there.
 * Every change is put to the engine; none is listed that would not help.
 */
export function counterfactualsOf(
  policy: Timeline,
  facts: ContactFacts,
  at: number,
  asked: readonly Alternative[],
): Counterfactual[] {
  const verdict = evaluate(policy, facts, at);
  if (verdict.permitted) return [];
  const wait = verdict.nextPermittedAt === null ? [] : [{ change: WAIT, nextPermittedAt: verdict.nextPermittedAt }];
  const helping = [...asked, ...ownAlternatives(facts, at)].filter(
    (alternative) => evaluate(policy, alternative.facts, at).permitted,
  );
  const changes = [...helping.map(({ change }) => change), ...(lacksOnlyCallerNumber(verdict) ? [CALLER_NUMBER] : [])];
  return [...wait, ...changes.map((change) => ({ change, nextPermittedAt: at }))].sort(
    (a, b) => CHANGES.indexOf(a.change.code) - CHANGES.indexOf(b.change.code),
  );
}

const WAIT: Change = { code: 'WAIT' };
const CALLER_NUMBER: Change = { code: 'REGISTERED_CALLER_NUMBER' };

/** No other rule reads the number, so with a registered one these rules permit and nothing else changes. */
function lacksOnlyCallerNumber({ reasons }: Verdict): boolean {
  return reasons.length > 0 && reasons.every(({ rule }) => rule.spec.kind === 'caller_number');
}

function ownAlternatives(facts: ContactFacts, at: number): Alternative[] {
  const { request, zones, directives } = facts;
  return [
    ...(request.recording
      ? []
      : [{ change: { code: 'RECORD_CALL' } as const, facts: { ...facts, request: { ...request, recording: true } } }]),
    ...OBTAINABLE.map((kind) => ({
      change: { code: 'OBTAIN_DIRECTIVE', directiveKind: kind } as const,
      facts: { ...facts, directives: [...directives, obtained(kind, facts, at)] },
    })),
    ...(zones.length < 2 ? [] : zones).map((timeZone) => ({
      change: { code: 'CONFIRM_ZONE', timeZone } as const,
      facts: { ...facts, zones: [timeZone] },
    })),
    ...directives
      .filter(({ from, until }) => from <= at && (until === null || at < until))
      .map((directive) => ({
        change: {
          code: 'END_DIRECTIVE',
          directiveKind: directive.kind,
          directiveId: directive.directiveId,
        } as const,
        facts: { ...facts, directives: directives.filter((other) => other !== directive) },
      })),
  ];
}

/** Directives that permit more, from the person, the bank or the spouse. */
const OBTAINABLE = [
  'hours_consent',
  'call_consent',
  'common_debt',
  'vendor_notice',
  'private_line_approval',
] as const satisfies readonly DirectiveKind[];

/** The directive as it would be recorded now, for the person, the collector and the channel asked for. */
function obtained(kind: (typeof OBTAINABLE)[number], facts: ContactFacts, at: number): DirectiveFacts {
  const zone = facts.zones[0] ?? 'UTC';
  const anyTime = { days: 0b1111111, from: 0, to: 1440, zone, validFrom: at, validUntil: null };
  return {
    directiveId: kind,
    kind,
    partyId: facts.party.partyId,
    contactPointId: null,
    accountId: null,
    channel: kind === 'call_consent' ? facts.request.channel : null,
    from: at,
    until: null,
    collectorId: facts.request.collectorId,
    windows: kind === 'hours_consent' ? [anyTime] : [],
    places: [],
  };
}
