import { type Ctx, requireScope } from '../context.ts';
import { findCandidates } from '../duplicates/find.ts';
import { lockPersonsOfRecords } from '../duplicates/persons.ts';
import { AppError, notFound, unprocessableFields } from '../errors.ts';
import { customersOf } from './answer.ts';
import { customerRecord, normaliseCustomer } from './record.ts';
import { findCustomer, lockCustomerVersion } from './repository.ts';
import type { Customer, CustomerInput } from './schemas.ts';
import { upsertCustomers } from './upsert.ts';

export interface CustomerAnswer {
  readonly customer: Customer;
  readonly version: number;
  readonly created: boolean;
}

/**
 * Creates or fully replaces a customer; the same content again changes nothing. Throws PRECONDITION_FAILED when
 * `expectedVersion` is not the stored one, UNPROCESSABLE and PHONE_INVALID with every field that has no valid meaning.
 */
export async function putCustomer(
  ctx: Ctx,
  customerId: string,
  input: CustomerInput,
  expectedVersion: number | null,
): Promise<CustomerAnswer> {
  requireScope(ctx, 'customers:write');
  const { customer: normalised, errors } = normaliseCustomer(input, ctx.now);
  if (errors.length > 0) throw unprocessableFields(errors);
  const record = customerRecord(ctx.vault, customerId, normalised, ctx.now);
  return ctx.db.transaction().execute(async (trx) => {
    if (expectedVersion !== null) {
      // Persons are locked before rows.
      await lockPersonsOfRecords(trx, [record.customer]);
      if ((await lockCustomerVersion(trx, customerId)) !== expectedVersion)
        throw new AppError('PRECONDITION_FAILED', 'The customer has changed since it was read, or does not exist.');
    }
    const outcome = await upsertCustomers(trx, [record]);
    if (outcome.get(customerId) !== 'unchanged') await findCandidates(trx, ctx.vault, [customerId], ctx.now);
    const stored = await findCustomer(trx, ctx.vault, customerId);
    if (!stored) throw new Error('the customer that was just written is gone');
    const [customer] = await customersOf(ctx, trx, [stored]);
    return { customer: customer!, version: stored.version, created: outcome.get(customerId) === 'created' };
  });
}

/** One customer; names, ids and addresses are masked unless the caller may read personal data. Throws NOT_FOUND. */
export async function getCustomer(ctx: Ctx, customerId: string): Promise<CustomerAnswer> {
  requireScope(ctx, 'customers:read');
  return ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const stored = await findCustomer(trx, ctx.vault, customerId);
      if (!stored) throw notFound('/customerId', 'customer');
      const [customer] = await customersOf(ctx, trx, [stored]);
      return { customer: customer!, version: stored.version, created: false };
    });
}
