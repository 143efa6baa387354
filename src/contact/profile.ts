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

/** A customer who is about to be written, as far as the profile tells of them: all they are is a debtor. */
export interface NewCustomer {
  readonly customer: {
    readonly jurisdictions: readonly string[];
    readonly time_zones: readonly string[];
    readonly region: string | null;
  };
  readonly parties: readonly { readonly party_id: string; readonly role: string }[];
  /** In their order. */
  readonly contactPoints: readonly {
    readonly contact_point_id: string;
    readonly party_id: string;
    readonly kind: string;
    readonly status: string;
    readonly line: string | null;
    readonly place: string | null;
  }[];
}

export interface NewAccount {
  readonly account_id: string;
  readonly status: string;
  readonly past_due_since: string | null;
  readonly debt_group_id: string | null;
  /** JSON. */
  readonly optional_facts: string;
}

/**
 * The profile of a new customer who is alone and of whom there is nothing but what a file brings: to the letter what
 * `refresh_contact_profiles` would write, which has to look all of it up again. Accounts in the order of their ids.
 */
export function profileOfNew(
  { customer, parties, contactPoints }: NewCustomer,
  accounts: readonly NewAccount[],
): string {
  return JSON.stringify({
    jurisdictions: customer.jurisdictions,
    timeZones: customer.time_zones,
    region: customer.region ?? undefined,
    parties: parties.map((party) => ({ id: party.party_id, role: party.role })),
    points: contactPoints.map((point) => ({
      id: point.contact_point_id,
      party: point.party_id,
      kind: point.kind,
      status: point.status,
      line: point.line ?? undefined,
      place: point.place ?? undefined,
    })),
    accounts: accounts.map((account) => ({
      id: account.account_id,
      status: account.status,
      pastDueSince: account.past_due_since ?? undefined,
      group: account.debt_group_id ?? undefined,
      procedures: (JSON.parse(account.optional_facts) as { inCollectionProcedures?: boolean }).inCollectionProcedures,
    })),
    directives: [],
  });
}
