import type {
  AccountStatus,
  Channel,
  ContactPointKind,
  DirectiveKind,
  ProvenanceSource,
  Role,
} from '../rules/contact/facts.ts';

/**
 * What is on file of a customer, as far as decisions read it: the document that `refresh_contact_profiles` writes
 * (migration 0014). Ids and states only. Accounts are those of the whole person, whichever customers they belong to. Instants are epoch milliseconds, days are `YYYY-MM-DD`.
 */
export interface Profile {
  readonly jurisdictions: readonly string[];
  readonly timeZones: readonly string[];
  readonly region?: string;
  readonly parties: readonly { readonly id: string; readonly role: Role }[];
  readonly points: readonly ProfilePoint[];
  readonly accounts: readonly ProfileAccount[];
  readonly directives: readonly ProfileDirective[];
}

export interface ProfilePoint {
  readonly id: string;
  readonly party: string;
  readonly kind: ContactPointKind;
  readonly status: 'active' | 'invalid';
  readonly line?: 'mobile' | 'landline' | 'work';
  readonly place?: 'home' | 'work';
  readonly zones?: readonly string[];
  readonly verifiedOn?: string;
  readonly provenance?: {
    readonly source: ProvenanceSource;
    readonly noticeSentOn?: string;
    readonly optOutBy?: string;
  };
  /** Since when an outcome says that somebody else answers here. */
  readonly wrongSince?: number;
}

export interface ProfileAccount {
  readonly id: string;
  readonly status: AccountStatus;
  readonly pastDueSince?: string;
  readonly group?: string;
  readonly procedures?: boolean;
  readonly plan?: { readonly type: string; readonly status: string };
}

export interface ProfileDirective {
  /** `customerId/directiveId` of one that was recorded for another customer of the same person. */
  readonly id: string;
  readonly kind: DirectiveKind;
  readonly party?: string;
  readonly point?: string;
  readonly account?: string;
  readonly channel?: Channel;
  readonly from: number;
  /** The earlier of its planned end and its recorded one. */
  readonly until?: number;
  readonly details: Readonly<Record<string, unknown>>;
}
