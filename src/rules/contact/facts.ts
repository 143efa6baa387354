import type { BoundedWindow } from '../time/windows.ts';

/** Vocabulary of a contact, one list for packs, facts, wire and SQL. */
export const CHANNELS = ['voice', 'sms', 'email', 'im', 'letter', 'visit', 'portal'] as const;
export const PURPOSES = [
  'collect',
  'locate',
  'service',
  'respond',
  'statutory_notice',
  'opt_out_confirmation',
  'solicit',
] as const;
export const ROLES = [
  'debtor',
  'guarantor',
  'spouse',
  'contact',
  'guardian',
  'executor',
  'lawyer',
  'employer',
] as const;
export const COLLECTOR_KINDS = ['creditor', 'third_party'] as const;
export const REPORTED_OUTCOMES = [
  'placed',
  'no_answer',
  'busy',
  'not_in_service',
  'voicemail',
  'limited_message',
  'answered',
  'conversation',
  'third_party_answered',
  'wrong_number',
  'refused',
  'delivered',
  'undelivered',
] as const;
/** `pending` is an unreported reservation: the contact may have happened, so it counts wherever it could count. */
export const OUTCOMES = [...REPORTED_OUTCOMES, 'pending'] as const;
export const DIRECTIVE_KINDS = [
  'hours_consent',
  'call_consent',
  'time_restriction',
  'place_restriction',
  'channel_opt_out',
  'address_opt_out',
  'cease',
  'represented',
  'third_party_refusal',
  'dispute',
  'bankruptcy_accepted',
  'deceased',
  'incapacity',
  'hardship_hold',
  'vulnerability',
  'moratorium',
  'common_debt',
  'vendor_notice',
  'private_line_approval',
] as const;
export const CONTACT_POINT_KINDS = ['phone', 'email', 'im', 'postal'] as const;
export const PROVENANCE_SOURCES = ['consumer', 'creditor', 'prior_collector', 'other'] as const;
export const MORATORIUM_TYPES = ['breathing_space', 'mental_health_crisis'] as const;
/** Where a contact point reaches the person; `other` is tied to no place: a mobile number, an e-mail address. */
export const PLACES = ['home', 'work', 'other'] as const;
export const ACCOUNT_STATUSES = ['open', 'settled', 'closed', 'charged_off', 'legal', 'sold'] as const;

export type Channel = (typeof CHANNELS)[number];
export type Purpose = (typeof PURPOSES)[number];
export type Role = (typeof ROLES)[number];
export type CollectorKind = (typeof COLLECTOR_KINDS)[number];
export type ReportedOutcome = (typeof REPORTED_OUTCOMES)[number];
export type Outcome = (typeof OUTCOMES)[number];
export type DirectiveKind = (typeof DIRECTIVE_KINDS)[number];
export type ContactPointKind = (typeof CONTACT_POINT_KINDS)[number];
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];
export type ProvenanceSource = (typeof PROVENANCE_SOURCES)[number];
export type MoratoriumType = (typeof MORATORIUM_TYPES)[number];
export type Place = (typeof PLACES)[number];

/** What a channel reaches; a portal reaches the person without an address. */
export const KIND_OF_CHANNEL: Readonly<Record<Channel, ContactPointKind | null>> = {
  voice: 'phone',
  sms: 'phone',
  email: 'email',
  im: 'im',
  letter: 'postal',
  visit: 'postal',
  portal: null,
};

/** What is asked, as far as rules read it. */
export interface RequestFacts {
  readonly channel: Channel;
  readonly purpose: Purpose;
  readonly automated: boolean;
  readonly recording: boolean;
  readonly callerNumber: string | null;
  readonly collectorKind: CollectorKind;
  readonly collectorId: string;
  readonly presentsAs: string | null;
  readonly ringless?: boolean;
  /** The telephone carrier whose limits apply. */
  readonly carrier?: string;
  /** What the contact answers, when it names something; absent when it names nothing. */
  readonly reply?: ReplyFacts;
}

/** The contact of the person that is answered. */
export interface ReplyFacts {
  readonly attemptId: string;
  /** False when no contact of this person on this channel has that id, or the person did not begin it. */
  readonly known: boolean;
  /** True when another contact has answered it already, or may have. */
  readonly answered: boolean;
}

export interface PartyFacts {
  readonly partyId: string;
  readonly role: Role;
}

export interface ContactPointFacts {
  /** Null when the dialer sent an address that is not on file for this person. */
  readonly contactPointId: string | null;
  readonly kind: ContactPointKind;
  readonly status: 'active' | 'invalid';
  readonly place: 'home' | 'work' | null;
  /** False when the contact point belongs to another party than the one addressed. */
  readonly ofParty: boolean;
  /** Since when the number is known to reach somebody else, epoch milliseconds. */
  readonly wrongSince: number | null;
  /** Day of the last check that the number was not reassigned. */
  readonly verifiedDay?: number;
  readonly provenance?: {
    readonly source: ProvenanceSource;
    readonly noticeSentDay?: number;
    readonly optOutByDay?: number;
  };
  /** True when no other number of the person is on file. */
  readonly onlyNumber?: boolean;
}

export interface AccountFacts {
  readonly accountId: string;
  readonly status: AccountStatus;
  /** Day number of the due date that was missed; null when nothing is known to be past due. */
  readonly pastDueDay: number | null;
  readonly inCollectionProcedures?: boolean;
  /** All accounts of the customer with the same debt group, this one too; absent for a debt of its own. */
  readonly groupAccountIds?: readonly string[];
  readonly plan?: { readonly type: string; readonly status: string };
}

/** A directive as rules see it: in force from `from` (inclusive) to `until` (exclusive, Infinity is stored as null). */
export interface DirectiveFacts {
  readonly directiveId: string;
  readonly kind: DirectiveKind;
  readonly partyId: string | null;
  readonly contactPointId: string | null;
  readonly accountId: string | null;
  readonly channel: Channel | null;
  readonly from: number;
  readonly until: number | null;
  readonly collectorId: string | null;
  readonly windows: readonly BoundedWindow[];
  readonly places: readonly ('home' | 'work')[];
  readonly moratoriumType?: MoratoriumType;
}

/** One counted contact: an attempt, or a reservation whose outcome is not reported yet. */
export interface ContactEvent {
  /** The attempt id, or the reservation id while the outcome is pending. */
  readonly id: string;
  readonly at: number;
  readonly channel: Channel;
  readonly outcome: Outcome;
  readonly direction: 'outbound' | 'inbound';
  readonly collectorId: string;
  readonly purpose?: Purpose;
  /** Accounts the contact counts for; absent: every account. */
  readonly accountIds?: readonly string[];
  /** Accounts a conversation was about, where they are not the same. */
  readonly conversationAccountIds?: readonly string[];
  /** Absent: a contact point that is tied to no place. */
  readonly place?: 'home' | 'work';
  readonly carrier?: string;
  readonly ringless?: boolean;
  /** True when the number turned out to reach somebody else: the contact was with another person. */
  readonly misdirected?: boolean;
  /** True when the answer of a third person turned out wrong or incomplete. */
  readonly answerIncomplete?: boolean;
  /** True when a third person offered to pay. */
  readonly offeredToPay?: boolean;
  readonly inReplyTo?: string;
}

/**
 * Everything a decision may depend on beside the policy and the instant. It is stored with the decision and replays
 * it, so it holds ids and states, never a name or a number of a person. Events are in ascending order of `at`. Optional
 * members are absent where they say nothing, and in facts that an earlier release has stored.
 */
export interface ContactFacts {
  readonly request: RequestFacts;
  readonly party: PartyFacts;
  /** Null for a portal, a letter or a visit that names no contact point. */
  readonly contactPoint: ContactPointFacts | null;
  readonly jurisdictions: readonly string[];
  /** Candidate zones of the person addressed: of the contact point, then of the customer; empty when none is known. */
  readonly zones: readonly string[];
  readonly accounts: readonly AccountFacts[];
  /** True when the request named the accounts, false when all of the customer's accounts are meant. */
  readonly accountsNamed: boolean;
  readonly directives: readonly DirectiveFacts[];
  /** The debtor's own numbers: are any active, or are all known to be invalid? */
  readonly debtorHasValidNumber: boolean;
  readonly events: {
    /** Contacts with the person addressed, by any collector, on any number. */
    readonly person: readonly ContactEvent[];
    /** Contacts with the number, whoever it belongs to. */
    readonly number: readonly ContactEvent[];
    /** Contacts with the debtor while somebody else is addressed; empty when the debtor is. */
    readonly debtor: readonly ContactEvent[];
    /** Contacts with the debtor and the spouse together; absent when the person addressed is all of the household. */
    readonly household?: readonly ContactEvent[];
  };
  /** ISO 3166-2, `CN-65`; absent when unknown. */
  readonly region?: string;
}

/** Marks of a counted contact, under the names that facts have. */
export type EventMarks = Pick<
  ContactEvent,
  | 'conversationAccountIds'
  | 'place'
  | 'carrier'
  | 'ringless'
  | 'misdirected'
  | 'answerIncomplete'
  | 'offeredToPay'
  | 'inReplyTo'
>;

/** What the open slot counts by, beside its outcome. */
export function marksOf({ request, contactPoint }: Pick<ContactFacts, 'request' | 'contactPoint'>): EventMarks | null {
  const marks: EventMarks = {
    ...(contactPoint?.place == null ? {} : { place: contactPoint.place }),
    ...(request.carrier === undefined ? {} : { carrier: request.carrier }),
    ...(request.ringless ? { ringless: true } : {}),
    ...(request.reply === undefined ? {} : { inReplyTo: request.reply.attemptId }),
  };
  return Object.keys(marks).length === 0 ? null : marks;
}
