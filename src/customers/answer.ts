import { checkSocialCreditCode } from '../cleansing/social-credit-code.ts';
import type { Ctx } from '../context.ts';
import type { Trx } from '../db/database.ts';
import { maskEmail, maskName, maskNumber } from '../personal-data.ts';
import type { ContactPointKind } from '../rules/contact/facts.ts';
import { wireInstant } from '../validation.ts';
import { type Person, personsOf, type StoredCustomer, sharedPhonesOf } from './repository.ts';
import { latestToday, residentIdCheckOf } from './resident-id.ts';
import type { Customer } from './schemas.ts';

/**
 * Customers as they are answered, in the order given: with who else is the same person and which numbers others have too,
 * in two statements for all; names, ids and addresses are masked unless the caller may read personal data.
 */
export async function customersOf(ctx: Ctx, trx: Trx, stored: readonly StoredCustomer[]): Promise<Customer[]> {
  const ids = stored.map(({ customerId }) => customerId);
  const persons = await personsOf(trx, ids);
  const shared = await sharedPhonesOf(trx, ids);
  return stored.map((customer) => answerOf(ctx, customer, persons.get(customer.customerId), shared));
}

/** One customer as it is answered; `shared` has its shared numbers as `customerId/contactPointId`. */
export function answerOf(
  ctx: Ctx,
  { version: _, updatedAt, ...customer }: StoredCustomer,
  person: Person | undefined,
  shared: ReadonlySet<string>,
): Customer {
  const masked = !ctx.caller.scopes.has('personal-data:read');
  const answer: Customer = {
    ...customer,
    residentIdCheck: residentIdCheckOf(customer, latestToday(ctx.now)),
    parties: customer.parties.map((party) => ({
      ...party,
      socialCreditCodeValid:
        party.socialCreditCode === null ? null : checkSocialCreditCode(party.socialCreditCode).problem === null,
      contactPoints: party.contactPoints.map((point) => ({
        ...point,
        sharedPhone: shared.has(`${customer.customerId}/${point.contactPointId}`),
      })),
    })),
    sameAs: person?.sameAs ?? [],
    survivorId: person?.survivorId ?? null,
    masked,
    updatedAt: wireInstant(updatedAt),
  };
  return masked ? mask(answer) : answer;
}

function mask(customer: Customer): Customer {
  return {
    ...customer,
    name: maskName(customer.name),
    residentId: customer.residentId === null ? null : maskNumber(customer.residentId),
    birthDate: customer.birthDate === null ? null : `${customer.birthDate.slice(0, 4)}-**-**`,
    parties: customer.parties.map((party) => ({
      ...party,
      name: maskName(party.name),
      socialCreditCode: party.socialCreditCode === null ? null : maskNumber(party.socialCreditCode),
      contactPoints: party.contactPoints.map((point) => ({ ...point, value: maskAddress(point.kind, point.value) })),
    })),
  };
}

function maskAddress(kind: ContactPointKind, value: string): string {
  if (kind === 'email') return maskEmail(value);
  // Three characters of a Chinese address are its province or city, which its jurisdiction tells already.
  return kind === 'postal' ? `${[...value].slice(0, 3).join('')}***` : maskNumber(value);
}
