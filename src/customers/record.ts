import type { FieldError } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Vault } from '../personal-data.ts';
import { normaliseAddress } from '../phone.ts';
import type { ContactPointKind } from '../rules/contact/facts.ts';
import { sealedAt } from './repository.ts';
import { foldNumber, idKeysOf, latestToday } from './resident-id.ts';
import type { CustomerInput } from './schemas.ts';
import type { CustomerRecord } from './upsert.ts';

/** From what was sent to what is written; single requests and imports go the same way. */

/** A customer whose meaning was checked and whose values have their one stored form. */
export type NormalisedCustomer = Omit<CustomerInput, 'timeZones'> & { readonly timeZones: readonly string[] };

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
  const residentId = input.residentId === null ? null : foldNumber(input.residentId);
  if (chinese && residentId !== null && !/^(\d{15}|\d{17}[\dX])$/.test(residentId)) {
    refuse('/residentId', 'RESIDENT_ID_INVALID', 'A resident id has 15 digits, or 17 digits and a digit or X.');
  }
  const debtors = input.parties.filter((party) => party.role === 'debtor').length;
  if (debtors !== 1) refuse('/parties', 'INVALID_VALUE', 'Exactly one party has the role debtor.');
  const today = latestToday(now);
  if (input.birthDate !== null && input.birthDate > today) {
    refuse('/birthDate', 'IN_THE_FUTURE', 'Nobody was born in the future.');
  }
  const partyIds = new Set<string>();
  const contactPointIds = new Set<string>();
  const parties = input.parties.map((party, index) => {
    const pointer = `/parties/${index}`;
    if (partyIds.has(party.partyId)) refuse(`${pointer}/partyId`, 'DUPLICATE', 'Another party has this id.');
    partyIds.add(party.partyId);
    const socialCreditCode = party.socialCreditCode === null ? null : foldNumber(party.socialCreditCode);
    if (socialCreditCode !== null && !/^[\dA-Z]{18}$/.test(socialCreditCode)) {
      refuse(`${pointer}/socialCreditCode`, 'INVALID_FORMAT', 'A social credit code has 18 digits and letters.');
    }
    const contactPoints = party.contactPoints.map((point, at) => {
      const here = `${pointer}/contactPoints/${at}`;
      if (contactPointIds.has(point.contactPointId)) {
        refuse(`${here}/contactPointId`, 'DUPLICATE', 'Another contact point of this customer has this id.');
      }
      contactPointIds.add(point.contactPointId);
      const value = normaliseAddress(point.kind, point.value);
      if (value === null) refuse(`${here}/value`, ...WRONG_ADDRESS[point.kind]);
      if (point.verifiedOn !== null && point.verifiedOn > today) {
        refuse(`${here}/verifiedOn`, 'IN_THE_FUTURE', 'A number cannot have been verified in the future.');
      }
      return { ...point, value: value ?? point.value };
    });
    return { ...party, socialCreditCode, contactPoints };
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

/** Seals a normalised customer and derives its keys; `now` becomes the time of creation or change. Pure but for nonces. */
export function customerRecord(
  vault: Vault,
  customerId: string,
  customer: NormalisedCustomer,
  now: Temporal.Instant,
): CustomerRecord {
  const { residentId, birthDate, parties } = customer;
  const loneKey = vault.index('customer', customerId);
  const { matching, searching } = idKeysOf(vault, customer, latestToday(now));
  const ownKey = matching ?? loneKey;
  return {
    customer: {
      customer_id: customerId,
      own_key: ownKey,
      lone_key: loneKey,
      resident_id_key: searching,
      name_sealed: vault.seal(sealedAt.name(customerId), customer.name),
      resident_id_sealed: residentId === null ? null : vault.seal(sealedAt.residentId(customerId), residentId),
      birth_date_sealed: birthDate === null ? null : vault.seal(sealedAt.birthDate(customerId), birthDate),
      language: customer.language,
      jurisdictions: [...customer.jurisdictions],
      time_zones: [...customer.timeZones],
      region: customer.region,
      content_key: contentKeyOf(vault, customerId, customer),
      at: now.toString(),
    },
    parties: parties.map((party, position) => ({
      customer_id: customerId,
      party_id: party.partyId,
      role: party.role,
      person_key: party.role === 'debtor' ? ownKey : vault.index('party', `${customerId}/${party.partyId}`),
      name_sealed: vault.seal(sealedAt.partyName(customerId, party.partyId), party.name),
      social_credit_code_sealed:
        party.socialCreditCode === null
          ? null
          : vault.seal(sealedAt.socialCreditCode(customerId, party.partyId), party.socialCreditCode),
      position,
    })),
    contactPoints: parties.flatMap((party) =>
      party.contactPoints.map((point, position) => ({
        customer_id: customerId,
        contact_point_id: point.contactPointId,
        party_id: party.partyId,
        kind: point.kind,
        value_sealed: vault.seal(sealedAt.value(customerId, point.contactPointId), point.value),
        address_key: vault.index(point.kind, point.value),
        line: point.line,
        status: point.status,
        place: point.place,
        time_zones: [...point.timeZones],
        verified_on: point.verifiedOn,
        provenance: point.provenance === null ? null : JSON.stringify(point.provenance),
        position,
      })),
    ),
  };
}

/** Equal for two states of a customer that say the same; tells nothing about what they say. */
export function contentKeyOf(vault: Vault, customerId: string, customer: NormalisedCustomer): Buffer {
  // What a record does not say is left out, so that a release with a new field does not take all records for changed.
  const { birthDate, parties, ...rest } = customer;
  const said = {
    ...rest,
    birthDate: birthDate ?? undefined,
    parties: parties.map((party) => ({ ...party, socialCreditCode: party.socialCreditCode ?? undefined })),
  };
  return vault.index('customer', `${customerId}/${fingerprint(said).toString('hex')}`);
}
