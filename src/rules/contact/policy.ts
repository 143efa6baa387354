import type { Weekday } from '../time/windows.ts';
import type { AccountStatus, Channel, CollectorKind, DirectiveKind, Outcome, Purpose, Role } from './facts.ts';

/** How binding a rule is. `should` is guidance (不宜) and `bank` the bank's own policy; both refuse unless `effect` is warn. */
export const STRENGTHS = ['must', 'presumption', 'should', 'bank', 'carrier'] as const;
export type Strength = (typeof STRENGTHS)[number];

/** Closed list of the codes a refusal or a warning can carry; integrators branch on them. */
export const REASON_CODES = [
  'MISSING_FACTS',
  'SETTLED',
  'NOT_OVERDUE',
  'PLAN_IN_FORCE',
  'BANKRUPTCY',
  'DECEASED',
  'INCAPACITY',
  'DISPUTED',
  'HARDSHIP_HOLD',
  'CEASED',
  'REPRESENTED',
  'THIRD_PARTY',
  'THIRD_PARTY_REFUSED',
  'DEBTOR_REACHABLE',
  'VENDOR_NOT_NOTIFIED',
  'IMPERSONATION',
  'CHANNEL_OPT_OUT',
  'ADDRESS_OPT_OUT',
  'INVALID_CONTACT_POINT',
  'WRONG_NUMBER',
  'CALLER_NUMBER',
  'RECORDING_REQUIRED',
  'CALLING_HOURS',
  'INCONVENIENT_TIME',
  'INCONVENIENT_PLACE',
  'FREQUENCY_CAP',
  'MINIMUM_GAP',
  'CONVERSATION_COOLDOWN',
  'CONCENTRATION',
  'CUMULATIVE_CONTACT',
  'HOLIDAY',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

export interface Text {
  readonly zh: string;
  readonly en: string;
}

/** To whom, for what and by whom a rule applies; a missing list means every value. */
export interface When {
  readonly channels?: readonly Channel[];
  readonly purposes?: readonly Purpose[];
  readonly roles?: readonly Role[];
  readonly collectors?: readonly CollectorKind[];
  readonly automated?: boolean;
}

/** Which contacts count. Reservations without an outcome count wherever a contact of their channel could. */
export interface EventFilter {
  readonly channels: readonly Channel[];
  readonly outcomes: readonly Outcome[];
  readonly directions: readonly ('outbound' | 'inbound')[];
}

/** Whom a directive concerns: see `CONCERNS` in directives.ts. */
export type About = 'customer' | 'party' | 'addressee' | 'accounts';

export type Scope = 'person' | 'number';

/**
 * The period a cap counts over: the calendar day, week (from Monday) or month, the last `days` calendar days with
 * today, each in the pack's zone; or the last `minutes`, where a contact stops counting exactly `minutes` after it.
 */
export type CapWindow =
  | { readonly kind: 'day' | 'week' | 'month' }
  | { readonly kind: 'rolling_days'; readonly days: number }
  | { readonly kind: 'rolling'; readonly minutes: number };

export type RuleBody =
  | {
      readonly kind: 'hours';
      readonly zone: 'pack' | 'person';
      readonly windows: readonly WindowSpec[];
      readonly consent: boolean;
    }
  | {
      readonly kind: 'cap';
      readonly scope: Scope;
      readonly count: EventFilter;
      readonly window: CapWindow;
      readonly max: number;
    }
  | { readonly kind: 'gap'; readonly scope: Scope; readonly after: EventFilter; readonly minutes: number }
  | { readonly kind: 'addressee'; readonly allow: readonly Allowance[] }
  | { readonly kind: 'known_account' }
  | { readonly kind: 'overdue' }
  | { readonly kind: 'account_status'; readonly refuse: readonly AccountStatus[] }
  | { readonly kind: 'hold'; readonly directive: DirectiveKind; readonly about: About }
  | { readonly kind: 'opt_out'; readonly directive: 'channel_opt_out' | 'address_opt_out' }
  | { readonly kind: 'blocked_time' }
  | { readonly kind: 'blocked_place' }
  | {
      readonly kind: 'debtor_unreachable';
      readonly unanswered: EventFilter;
      readonly reached: EventFilter;
      readonly consecutiveCalls: number;
      readonly consecutiveDays: number;
      readonly lookbackDays: number;
    }
  | { readonly kind: 'vendor_notice' }
  | { readonly kind: 'own_name' }
  | { readonly kind: 'contact_point' }
  | { readonly kind: 'wrong_number' }
  | { readonly kind: 'caller_number'; readonly registered: readonly string[]; readonly privateLines: readonly string[] }
  | { readonly kind: 'recording' };

export interface WindowSpec {
  readonly days?: readonly Weekday[] | undefined;
  readonly from: string;
  readonly to: string;
}

/** These roles may be contacted for these purposes, where `needs` names a directive only while one is in force. */
export interface Allowance {
  readonly roles: readonly Role[];
  readonly purposes: readonly Purpose[];
  readonly needs?: { readonly directive: DirectiveKind; readonly about: About } | undefined;
}

export type RuleSpec = RuleBody & {
  readonly id: string;
  readonly code: ReasonCode;
  readonly strength: Strength;
  readonly effect: 'refuse' | 'warn';
  readonly when: When;
  readonly citation: Text;
  readonly text: Text;
};

export interface ObligationSpec {
  readonly code: string;
  readonly when: When;
  readonly citation: Text;
  readonly text: Text;
}

/** One version of one pack: immutable, in force from `effectiveFrom` (inclusive) to `effectiveUntil` (exclusive). */
export interface PackSpec {
  readonly pack: string;
  readonly version: string;
  readonly jurisdictions: readonly string[];
  readonly zone: string;
  readonly effectiveFrom: number;
  readonly effectiveUntil: number | null;
  /** How long a permission may be used: a check at once, a reservation until its call must have started. */
  readonly checkValiditySeconds: number;
  readonly reservationSeconds: number;
  readonly rules: readonly RuleSpec[];
  readonly obligations: readonly ObligationSpec[];
}
