import { accountPolicyAt } from '../accounts/policy.ts';
import { caseEntryOf } from '../case-entries/record.ts';
import type { CaseEntryKind } from '../case-entries/schemas.ts';
import { requireSeesAll } from '../collectors.ts';
import { type Ctx, requireScope } from '../context.ts';
import { notFound } from '../errors.ts';
import { pictureAccountOf } from './accounts.ts';
import { customersOf, directiveInForce, partiesOf } from './people.ts';
import { findDebtor, findEntriesInForce, findPictureAccounts, tallyContacts } from './repository.ts';
import type { CustomerPicture } from './schemas.ts';
import { inSnapshot } from './snapshot.ts';
import { timelineOf } from './timeline.ts';

const CONTACTS_DAYS = 400;
const DELINQUENCY_DAYS = 731;
const TIMELINE_ITEMS = 50;
/** What is in force of a kind: the newest alone, or all that one debtor may come to have. */
const ENTRIES: readonly { readonly kind: CaseEntryKind; readonly limit: number }[] = [
  { kind: 'default_reason', limit: 1 },
  { kind: 'income', limit: 1 },
  { kind: 'necessary_expense', limit: 1 },
  { kind: 'other_debt_service', limit: 1 },
  { kind: 'employment', limit: 1 },
  { kind: 'collateral', limit: 500 },
  { kind: 'complaint', limit: 100 },
  { kind: 'placement', limit: 500 },
  { kind: 'note', limit: 5 },
];
const CIRCUMSTANCES: readonly CaseEntryKind[] = [
  'default_reason',
  'income',
  'necessary_expense',
  'other_debt_service',
  'employment',
];

/**
 * All that a collector's screen shows of a debtor at one instant, in five SQL statements however many accounts there are:
 * people, contacts, accounts, case entries, timeline. Throws NOT_FOUND, and FORBIDDEN for a key of a collector.
 */
export async function getPicture(ctx: Ctx, customerId: string): Promise<CustomerPicture> {
  requireScope(ctx, 'customers:read');
  requireScope(ctx, 'accounts:read');
  requireSeesAll(ctx);
  const policy = accountPolicyAt(ctx.policy, ctx.now);
  const ago = (days: number) => ctx.now.subtract({ hours: 24 * days });
  return inSnapshot(ctx, async (ask) => {
    const records = await findDebtor(ask, customerId, ctx.now);
    const customers = customersOf(ctx, records);
    const [customer] = customers;
    if (!customer) throw notFound('/customerId', 'customer');
    const ids = records.map((record) => record.customer_id);
    const tallies = await tallyContacts(ask, ids, ago(CONTACTS_DAYS), ctx.now);
    const accounts = await findPictureAccounts(ask, ids, {
      statesSince: ago(DELINQUENCY_DAYS),
      graceAmount: policy.graceAmount,
    });
    const entries = (await findEntriesInForce(ask, ids, ENTRIES, ctx.now)).map((row) => caseEntryOf(ctx, row));
    const timeline = await timelineOf(ctx, ask, customerId, { limit: TIMELINE_ITEMS });
    const directives = records.flatMap((record) => record.directives.map((one) => directiveInForce(one, ctx.now)));
    const shown = new Set(accounts.map((row) => row.account_id));
    return {
      customer,
      masked: customer.masked,
      parties: records.flatMap((record, index) => {
        const own = directives.filter((one) => one.customerId === record.customer_id);
        return partiesOf(ctx, record, customers[index]!, tallies, own, policy.zone);
      }),
      accounts: accounts.map((row) => pictureAccountOf(row, entries, ctx.policy, ctx.now)),
      circumstances: entries.filter(({ kind }) => CIRCUMSTANCES.includes(kind)),
      collateral: entries.filter(
        ({ kind, accountId }) => kind === 'collateral' && (accountId === null || !shown.has(accountId)),
      ),
      complaints: entries.filter(({ kind }) => kind === 'complaint'),
      disputes: directives.filter(({ kind }) => kind === 'dispute'),
      directives,
      notes: entries.filter(({ kind }) => kind === 'note'),
      timeline,
    };
  });
}
