import { type Ctx, requireScope } from '../context.ts';
import { AppError, type FieldError, notFound, unprocessableFields } from '../errors.ts';
import { maskEmail, maskName, maskNumber } from '../personal-data.ts';
import { normaliseAddress } from '../phone.ts';
import type { ContactPointKind } from '../rules/contact/facts.ts';
import {
  customerRecord,
  findCustomer,
  lockCustomerVersion,
  type NormalisedCustomer,
  type StoredCustomer,
  upsertCustomers,
} from './repository.ts';
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

/**
 * Gives every value its one stored form and lists, in the order of the body, what has the right shape and no valid
 * meaning. A resident id with a wrong check character is accepted: it is judged where data are cleansed, not here.
 */
export function normaliseCustomer(
  input: CustomerInput,
  now: Temporal.Instant,
): { readonly customer: NormalisedCustomer; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, code: FieldError['code'], message: string) =>
    errors.push({ pointer, code, message });
  const chinese = input.jurisdictions.includes('CN');
  const residentId = input.residentId === null ? null : foldResidentId(input.residentId);
  if (chinese && residentId !== null && !/^(\d{15}|\d{17}[\dX])$/.test(residentId)) {
    refuse('/residentId', 'RESIDENT_ID_INVALID', 'A resident id has 15 digits, or 17 digits and a digit or X.');
  }
  const debtors = input.parties.filter((party) => party.role === 'debtor').length;
  if (debtors !== 1) refuse('/parties', 'INVALID_VALUE', 'Exactly one party has the role debtor.');
  // The customer's zones may be unknown, so the latest date anywhere on earth (UTC+14) is still today.
  const latestToday = now.add({ hours: 14 }).toString().slice(0, 10);
  const partyIds = new Set<string>();
  const contactPointIds = new Set<string>();
  const parties = input.parties.map((party, index) => {
    const pointer = `/parties/${index}`;
    if (partyIds.has(party.partyId)) refuse(`${pointer}/partyId`, 'DUPLICATE', 'Another party has this id.');
    partyIds.add(party.partyId);
    const contactPoints = party.contactPoints.map((point, at) => {
      const here = `${pointer}/contactPoints/${at}`;
      if (contactPointIds.has(point.contactPointId)) {
        refuse(`${here}/contactPointId`, 'DUPLICATE', 'Another contact point of this customer has this id.');
      }
      contactPointIds.add(point.contactPointId);
      const value = normaliseAddress(point.kind, point.value);
      if (value === null) refuse(`${here}/value`, ...WRONG_ADDRESS[point.kind]);
      if (point.verifiedOn !== null && point.verifiedOn > latestToday) {
        refuse(`${here}/verifiedOn`, 'IN_THE_FUTURE', 'A number cannot have been verified in the future.');
      }
      return { ...point, value: value ?? point.value };
    });
    return { ...party, contactPoints };
  });
  const timeZones = input.timeZones ?? (input.jurisdictions[0] === 'CN' ? ['Asia/Shanghai'] : []);
  return { customer: { ...input, residentId, timeZones, parties }, errors };
}

const WRONG_ADDRESS: Record<ContactPointKind, [FieldError['code'], string]> = {
  phone: ['PHONE_INVALID', 'This is no valid telephone number.'],
  email: ['INVALID_FORMAT', 'This is no e-mail address.'],
  im: ['INVALID_FORMAT', 'This is no messenger id, or a masked one.'],
  postal: ['INVALID_FORMAT', 'This is no postal address, or a masked one.'],
};

/** Full-width digits and a small x are how people type it; the stored form is what equality is judged by. */
function foldResidentId(text: string): string {
  return text.normalize('NFKC').replace(/\s/gu, '').toUpperCase();
}

function answerOf(
  ctx: Ctx,
  { version, updatedAt, ...stored }: StoredCustomer,
): { customer: Customer; version: number } {
  const masked = !ctx.caller.scopes.has('personal-data:read');
  return { customer: { ...(masked ? mask(stored) : stored), masked, updatedAt: updatedAt.toString() }, version };
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

function maskAddress(kind: ContactPointKind, value: string): string {
  if (kind === 'email') return maskEmail(value);
  // Three characters of a Chinese address are its province or city, which its jurisdiction tells already.
  return kind === 'postal' ? `${[...value].slice(0, 3).join('')}***` : maskNumber(value);
}
