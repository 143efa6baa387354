import { AppError } from '../errors.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import type { PackDocument } from '../policy/schema.ts';
import type { StandingParameters } from '../rules/segmentation/standing.ts';

type AccountSection = NonNullable<PackDocument['account']>;
export type LedgerPolicy = NonNullable<AccountSection['ledger']>;

/** What the default pack says about accounts; its amounts are in whatever currency the account has. */
export interface AccountPolicy extends Omit<StandingParameters, 'graceAmountMinor'> {
  readonly graceAmount: string;
  /** The bank's zone, in which days are counted. */
  readonly zone: string;
  /** `pack@version`. */
  readonly policyVersion: string;
  /** How payments are spread; of the first version that says it where the one in force does not. */
  readonly ledger: LedgerPolicy | null;
}

/** The account policy in force at an instant; before the first version of the pack, the first one. Throws UNAVAILABLE. */
export function accountPolicyAt(policy: PolicyRegistry, now: Temporal.Instant): AccountPolicy {
  const pack = policy.defaultAt(now.epochMilliseconds) ?? policy.packs.find(({ document }) => document.account);
  if (!pack?.document.account) throw new AppError('UNAVAILABLE', 'No policy pack decides about accounts.');
  const { account, zone } = pack.document;
  const ledger =
    account.ledger ?? policy.packs.find(({ document }) => document.account?.ledger)?.document.account?.ledger;
  return { ...account, zone, policyVersion: pack.compiled.id, ledger: ledger ?? null };
}
