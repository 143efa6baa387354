import type { Channel, ContactFacts, Purpose, Role } from '../../src/rules/contact/facts.ts';
import { customerOf, day, type Given, shipped } from './shipped.ts';

export const { compiled: pack, document } = shipped('us-reg-f@2021-11-30');
/** A consumer in New York. */
export const consumer = customerOf('America/New_York', pack);

export const AGENCY = { collectorKind: 'third_party', collectorId: 'agency-1' } as const;
export const BANK = { collectorKind: 'creditor', collectorId: 'bank' } as const;
export type Asker = typeof AGENCY | typeof BANK;

/** A contact, an agency's call unless told otherwise, at an address the consumer has given and that was checked lately. */
export function to(role: Role, purpose: Purpose, given: Given & { by?: Asker; channel?: Channel } = {}): ContactFacts {
  const { by = AGENCY, channel = 'voice', request, contactPoint, ...rest } = given;
  return consumer.on(channel, {
    ...rest,
    request: { ...by, purpose, ...(request as object) },
    party: { partyId: role === 'debtor' ? 'self' : role, role },
    contactPoint: { verifiedDay: day('2026-03-01'), provenance: { source: 'consumer' }, ...(contactPoint as object) },
  });
}
