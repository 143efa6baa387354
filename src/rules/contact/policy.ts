import type { Weekday } from '../time/windows.ts';
import type {
  AccountStatus,
  Channel,
  CollectorKind,
  DirectiveKind,
  MoratoriumType,
  Outcome,
  Place,
  ProvenanceSource,
  Purpose,
  Role,
} from './facts.ts';

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
  readonly ringless?: boolean;
  readonly carriers?: readonly string[];
  readonly places?: readonly Place[];
  readonly regions?: readonly string[];
}

/** Who is bound by a pack at all; a missing list means everybody. */
export type Coverage = Pick<When, 'channels' | 'purposes' | 'collectors' | 'carriers'>;

/**
 * Which contacts count; a missing list means every value. Reservations without an outcome count wherever a contact of
 * their channel could.
 */
export interface EventFilter {
  readonly channels: readonly Channel[];
  readonly outcomes: readonly Outcome[];
  readonly directions: readonly ('outbound' | 'inbound')[];
  readonly purposes?: readonly Purpose[];
  readonly places?: readonly Place[];
  /** Only contacts by the collector, or over the carrier, that asks. */
  readonly by?: 'same_collector' | 'same_carrier';
  /** Contacts that reached another person than was meant do not count. */
  readonly misdirected?: 'exclude';
  /** Contacts whose answer turned out wrong or incomplete do not count. */
  readonly answerIncomplete?: 'exclude';
}

/** Whom a directive concerns: see `CONCERNS` in directives.ts. */
export type About = 'customer' | 'party' | 'addressee' | 'accounts';

/**
 * Whose contacts a cap counts. `debt`: those that count for an account, for each account asked about; `debt_group`: for
 * all accounts of its group; `household`: debtor and spouse together; `third_party`: a third person about this debtor;
 * `collector`: those of the collector that asks.
 */
export const SCOPES = ['number', 'person', 'debt', 'debt_group', 'household', 'third_party', 'collector'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * The period a cap counts over: the calendar day, week or month, the last `days` calendar days with today; the last
 * `minutes`, where a contact stops counting exactly `minutes` after it; `anchored`: `minutes` from the first contact,
 * then anew from the next one; or all that is known.
 */
export type CapWindow =
  | { readonly kind: 'day' }
  | { readonly kind: 'month' }
  | { readonly kind: 'ever' }
  | { readonly kind: 'week'; readonly startsOn?: 'mon' | 'sun' | undefined }
  | { readonly kind: 'rolling_days'; readonly days: number }
  | { readonly kind: 'rolling' | 'anchored'; readonly minutes: number };

/** In whose zone days are counted: the pack's, or each candidate zone of the person, the one that counts more. */
export type DayZone = 'pack' | 'person';

/** Days of a calendar, and the years for which it is published; days of another year are not known. */
export interface Calendar {
  readonly years: readonly number[];
  readonly days: ReadonlySet<number>;
}

export type RuleBody =
  | {
      readonly kind: 'hours';
      readonly zone: 'pack' | 'person';
      readonly windows: readonly WindowSpec[];
      readonly consent: boolean;
      readonly calendar?: Calendar;
    }
  | { readonly kind: 'closed_days'; readonly zone: DayZone; readonly calendar: Calendar }
  | {
      readonly kind: 'cap';
      readonly scope: Scope;
      readonly count: EventFilter;
      readonly window: CapWindow;
      readonly max: number;
      readonly zone?: DayZone;
      /** Contacts under a consent of the person do not count, for this many days from the day of the consent. */
      readonly consentDays?: number;
      readonly debts?: 'in_collection_procedures';
    }
  | { readonly kind: 'gap'; readonly scope: Scope; readonly after: EventFilter; readonly minutes: number }
  | {
      /** No contact for `days` calendar days after such a contact; its own day is the first. */
      readonly kind: 'cooldown';
      readonly scope: Scope;
      readonly after: EventFilter;
      readonly days: number;
      readonly zone?: DayZone;
      readonly consentDays?: number;
    }
  | { readonly kind: 'addressee'; readonly allow: readonly Allowance[] }
  | { readonly kind: 'known_account' }
  | { readonly kind: 'overdue'; readonly minDays?: number }
  | { readonly kind: 'account_status'; readonly refuse: readonly AccountStatus[] }
  | { readonly kind: 'plan_in_force'; readonly types?: readonly string[] }
  | {
      readonly kind: 'hold';
      readonly directive: DirectiveKind;
      readonly about: About;
      readonly types?: readonly MoratoriumType[];
    }
  | { readonly kind: 'opt_out'; readonly directive: 'channel_opt_out' | 'address_opt_out' }
  | { readonly kind: 'confirmation' }
  | { readonly kind: 'blocked_time' }
  | { readonly kind: 'blocked_place' }
  | { readonly kind: 'place'; readonly refuse: readonly Place[]; readonly unlessOnlyNumber?: boolean }
  | { readonly kind: 'address_source'; readonly accept: readonly AcceptedSource[] }
  | { readonly kind: 'verified_within'; readonly days: number }
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
  /** `to` itself is inside, `from` itself is outside. */
  readonly toInclusive?: boolean | undefined;
  readonly fromExclusive?: boolean | undefined;
  /** Only on days of the rule's calendar, or only on other days; a day of an unpublished year is neither. */
  readonly on?: 'holidays' | 'workdays' | undefined;
}

/** A source of an address that may be used; from the creditor only after a notice whose time to opt out is over. */
export interface AcceptedSource {
  readonly source: ProvenanceSource;
  readonly noticeDays?: number | undefined;
}

/**
 * These roles may be contacted for these purposes; where `needs` names a directive only while one is in force, with
 * `offerDays` for so many times 24 hours after the person has offered to pay.
 */
export interface Allowance {
  readonly roles: readonly Role[];
  readonly purposes: readonly Purpose[];
  readonly needs?:
    | { readonly directive: DirectiveKind; readonly about: About }
    | { readonly offerDays: number }
    | undefined;
}

export type RuleSpec = RuleBody & {
  readonly id: string;
  readonly code: ReasonCode;
  readonly strength: Strength;
  readonly effect: 'refuse' | 'warn';
  readonly when: When;
  /** The rule does not apply to one answer on the channel on which the person began. */
  readonly unless?: readonly 'reply'[];
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
  readonly coverage: Coverage;
  readonly zone: string;
  readonly effectiveFrom: number;
  readonly effectiveUntil: number | null;
  /** How long a permission may be used: a check at once, a reservation until its call must have started. */
  readonly checkValiditySeconds: number;
  readonly reservationSeconds: number;
  readonly rules: readonly RuleSpec[];
  readonly obligations: readonly ObligationSpec[];
}
