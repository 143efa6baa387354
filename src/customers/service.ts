import { type Ctx, requireScope } from '../context.ts';
import { AppError, notFound, unprocessableFields } from '../errors.ts';
import { maskEmail, maskName, maskNumber } from '../personal-data.ts';
import type { ContactPointKind } from '../rules/contact/facts.ts';
import { wireInstant } from '../validation.ts';
import { customerRecord, normaliseCustomer } from './record.ts';
import { findCustomer, lockCustomerVersion, type StoredCustomer, upsertCustomers } from './repository.ts';
import type { Customer, CustomerInput } from './schemas.ts';

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
  const { customer, errors } = normaliseCustomer(input, ctx.now);
  if (errors.length > 0) throw unprocessableFields(errors);
  const record = customerRecord(ctx.vault, customerId, customer, ctx.now);
  return ctx.db.transaction().execute(async (trx) => {
    if (expectedVersion !== null && (await lockCustomerVersion(trx, customerId)) !== expectedVersion) {
      throw new AppError('PRECONDITION_FAILED', 'The customer has changed since it was read, or does not exist.');
    }
    const outcome = await upsertCustomers(trx, [record]);
    const stored = await findCustomer(trx, ctx.vault, customerId);
    if (!stored) throw new Error('the customer that was just written is gone');
    return { ...answerOf(ctx, stored), created: outcome.get(customerId) === 'created' };
  });
}

/** One customer; names, ids and addresses are masked unless the caller may read personal data. Throws NOT_FOUND. */
export async function getCustomer(ctx: Ctx, customerId: string): Promise<CustomerAnswer> {
  requireScope(ctx, 'customers:read');
  const stored = await ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((trx) => findCustomer(trx, ctx.vault, customerId));
  if (!stored) throw notFound('/customerId', 'customer');
  return { ...answerOf(ctx, stored), created: false };
}

function answerOf(
  ctx: Ctx,
  { version, updatedAt, ...stored }: StoredCustomer,
): { customer: Customer; version: number } {
  const masked = !ctx.caller.scopes.has('personal-data:read');
  return { customer: { ...(masked ? mask(stored) : stored), masked, updatedAt: wireInstant(updatedAt) }, version };
}

function mask<T extends Omit<Customer, 'masked' | 'updatedAt'>>(customer: T): T {
  return {
    ...customer,
    name: maskName(customer.name),
    residentId: customer.residentId === null ? null : maskNumber(customer.residentId),
    parties: customer.parties.map((party) => ({
      ...party,
      name: maskName(party.name),
      contactPoints: party.contactPoints.map((point) => ({ ...point, value: maskAddress(point.kind, point.value) })),
    })),
  };
}

/** What remains of an address without the scope personal-data:read. */
export function maskAddress(kind: ContactPointKind, value: string): string {
  if (kind === 'email') return maskEmail(value);
  // Three characters of a Chinese address are its province or city, which its jurisdiction tells already.
  return kind === 'postal' ? `${[...value].slice(0, 3).join('')}***` : maskNumber(value);
}
